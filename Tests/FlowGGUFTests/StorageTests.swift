@testable import FlowGGUF
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Files that change or are larger than memory.
struct StorageTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ path: String, _ value: Float) throws {
        var header = GGUFHeader()
        try header.addTensor("a", dimensions: [1 << 16], type: .f32)
        var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: path))
        try writer.append(floats: [Float](repeating: value, count: 1 << 16))
        try writer.finish()
    }

    @Test func readingTellsHowFarItIs() throws {
        let path = folder.path("long.gguf")
        var header = GGUFHeader()
        try header.addTensor("a", dimensions: [40 << 20], type: .f16)
        var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: path))
        for _ in 0..<40 { try writer.append(floats: [Float](repeating: 0, count: 1 << 20)) }
        try writer.finish()
        var steps: [(path: String, done: Int, length: Int)] = []
        let file = try GGUFFile(reading: path) { steps.append(($0, $1, $2)) }
        #expect(steps.count >= 2 && steps.allSatisfy { $0.path == path && $0.length == file.byteCount })
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.done < $1.done && $1.done - $0.done <= 64 << 20 })
        #expect(steps.last?.done == file.byteCount)
    }

    @Test func aFileThatWasReadIsSafeFromTruncation() throws {
        let path = folder.path("m.gguf")
        try write(path, 3)
        let file = try GGUFFile(reading: path)
        #expect(truncate(path, 0) == 0)
        #expect(try file.floats(of: file.tensors[0]).allSatisfy { $0 == 3 })
        #expect(throws: GGUFError.truncated(field: "the magic number", needed: 4, available: 0, offset: 0)) {
            try GGUFFile(reading: path)
        }
        #expect(throws: GGUFError.self) { try GGUFFile(reading: folder.path) }
    }

    @Test func aMappedFileThatIsReplacedStaysAsItWas() throws {
        let path = folder.path("m.gguf")
        try write(path, 3)
        let old = try GGUFFile(mapping: path)
        try write(path, 4)
        #expect(try old.floats(of: old.tensors[0]).allSatisfy { $0 == 3 })
        let new = try GGUFFile(mapping: path)
        #expect(try new.floats(of: new.tensors[0]).allSatisfy { $0 == 4 })
    }

    #if os(Linux)
    @Test func aFileLargerThanMemoryIsRefusedWhenRead() throws {
        // A system that promises any memory (mode 1) cannot refuse.
        let mode = try? String(contentsOfFile: "/proc/sys/vm/overcommit_memory", encoding: .utf8)
        if mode?.hasPrefix("1") == true { return }
        let path = folder.path("sparse.gguf")
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        // A hole of 8 EiB − 1, or the most that the file system takes.
        var length = Int.max
        while length > 1 << 42, truncate(path, length) != 0 { length /= 2 }
        try #require(length > 1 << 42)
        do throws(GGUFError) {
            _ = try GGUFFile(reading: path)
            Issue.record("a file of \(length) bytes was read")
        } catch {
            guard case .system("read", path, ENOMEM, _) = error else { Issue.record("\(error)"); return }
        }
    }

    static let request = "FLOW_TEST_STREAMING"
    /// Bytes of the file, and of memory beyond what the process has when it begins to write.
    static let fileLength = 160 << 20, allowance = 24 << 20

    /// In a process that was asked: writes a file under a limit of memory. Otherwise: the same, small and without a limit.
    @Test func streamingInThisProcess() throws {
        let environment = ProcessInfo.processInfo.environment
        guard let request = environment[Self.request] else {
            try Self.stream(to: GGUFFileSink(path: folder.path("s.gguf")), length: 1 << 20)
            return
        }
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(status.split(separator: " ").first.flatMap { Int($0) })
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        limit.rlim_cur = rlim_t(pages * Int(getpagesize()) + Self.allowance)
        limit.rlim_max = limit.rlim_cur
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
        if request == "memory" {
            try Self.stream(to: GGUFMemorySink(), length: Self.fileLength)
        } else {
            try Self.stream(to: GGUFFileSink(path: request), length: Self.fileLength)
        }
    }

    /// Writes one tensor of Q8_0 and one of F32 in pieces.
    private static func stream(to sink: some GGUFSink, length: Int) throws {
        var header = GGUFHeader()
        let rows = length / 4 / 1024 / 2
        try header.addTensor("a", dimensions: [1024, rows], type: .q8_0)
        try header.addTensor("b", dimensions: [1024, 2 * rows], type: .f32)
        var writer = try GGUFWriter(header: header, sink: sink)
        let piece = (0..<(64 * 1024)).map { Float($0 % 1024) - 512 }
        for _ in 0..<(3 * rows / 64) { try writer.append(floats: piece) }
        try writer.finish()
    }

    /// The file is larger than the memory that may be used for it; collecting it in memory under the same limit fails,
    /// so the limit is one.
    @Test func aFileLargerThanMemoryIsStreamed() throws {
        func status(_ request: String) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            process.arguments = ["--testing-library", "swift-testing", "--filter", "streamingInThisProcess"]
            process.environment = ProcessInfo.processInfo.environment.merging(
                // A process that is killed leaves its folder: it goes with this one's.
                [Self.request: request, "SWIFT_BACKTRACE": "enable=no", "TMPDIR": folder.path]) { $1 }
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        let path = folder.path("large.gguf")
        #expect(try status(path) == 0)
        let file = try GGUFFile(mapping: path)
        #expect(file.byteCount > Self.fileLength)
        let last = try #require(file.tensor("b"))
        #expect(try file.floats(of: last, rows: (last.rowCount - 1)..<last.rowCount) == (0..<1024).map { Float($0) - 512 })
        #expect(try status("memory") != 0)
    }
    #endif
}
