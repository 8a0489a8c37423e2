import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import TestSupport
import Testing

@Suite struct PeerProgramTests {
    /// Random programs, a part of them with real messages in them.
    @Test(arguments: 1...40 as ClosedRange<UInt64>) func whateverAPeerDoes(seed: UInt64) throws {
        let file: NetworkVectors = try Vectors.json("flow/network-messages.json")
        let payloads = try file.messages.filter { $0.payload.count <= 8000 }.map {
            (command: $0.command, bytes: try Hex.decode($0.payload))
        }
        let commands = MessageCommand.allCases.map(\.rawValue)
        var random = SeededGenerator(seed: seed)
        for round in 0..<250 {
            var bytes = (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Mostly a handshake first: what follows it is the larger part.
            if round % 4 != 0 { bytes += [2, 0] }
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                guard Bool.random(using: &random), let payload = payloads.randomElement(using: &random),
                    let command = commands.firstIndex(of: payload.command)
                else {
                    bytes += (0..<Int.random(in: 1...12, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    continue
                }
                var sent = payload.bytes
                if Int.random(in: 0..<4, using: &random) == 0, !sent.isEmpty {
                    sent[Int.random(in: 0..<sent.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                }
                bytes += [[1, 3, 8].randomElement(using: &random) ?? 1, UInt8(command), UInt8(sent.count >> 8 & 255), UInt8(sent.count & 255)] + sent
            }
            var program = PeerProgram(bytes)
            let faults = program.run()
            #expect(faults.isEmpty, "seed \(seed), round \(round): \(faults)")
        }
    }
}
