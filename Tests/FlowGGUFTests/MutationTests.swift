@testable import FlowGGUF
import Foundation
import TestSupport
import Testing

/// Broken files by the ten thousand: each is refused with a ``GGUFError`` or read, nothing traps or hangs.
/// `FLOW_FUZZ_COUNT` sets another number of inputs, `FLOW_FUZZ_SEED` another beginning.
struct MutationTests {
    private static func setting(_ name: String, _ fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? fallback
    }

    @Test func validFilesOfTheMutatorAreRead() throws {
        for seed in 0..<500 {
            var mutator = FileMutator(seed: UInt64(seed))
            let file = mutator.valid()
            #expect(throws: Never.self, "seed \(seed)") { try GGUFFile(bytes: file.bytes) }
        }
    }

    @Test func mutatedFilesAreRefusedOrRead() {
        let first = Self.setting("FLOW_FUZZ_SEED", 0)
        let count = Self.setting("FLOW_FUZZ_COUNT", 30_000)
        let clock = ContinuousClock()
        var read = 0
        for seed in first..<(first + count) {
            var mutator = FileMutator(seed: UInt64(seed))
            var file = mutator.valid()
            mutator.mutate(&file)
            let time = clock.measure {
                if Self.use(file.bytes) { read += 1 }
            }
            if time > .seconds(1) { Issue.record("seed \(seed) took \(time)") }
        }
        #expect(read > count / 100 && read < count, "\(read) of \(count) could be read")
    }

    /// Reads everything that there is in a file; true when it is one.
    private static func use(_ bytes: [UInt8]) -> Bool {
        do throws(GGUFError) {
            let file = try GGUFFile(bytes: bytes)
            var total = 0
            for entry in file.metadata {
                total &+= entry.value.array?.count ?? 0
                if let strings = entry.value.strings { for string in strings { total &+= string.utf8.count } }
            }
            do throws(GGUFError) { try file.checkModel(weights: true) } catch { total &+= "\(error)".utf8.count }
            for tensor in file.tensors where tensor.elementCount > 0 && tensor.type.isDecodable {
                total &+= try file.floats(of: tensor, rows: 0..<1).count
            }
            return total >= 0
        } catch {
            // The text must be made without a trap too.
            return "\(error)".isEmpty
        }
    }
}
