@testable import FlowGGUF
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct WriterTests {
    @Test func aFileIsReadBackFromDiskAsWritten() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("model.gguf")
        var header = GGUFHeader()
        try header.set("general.alignment", .uint32(64))
        try header.set("a", .strings(["x", "", "ü"]))
        try header.addTensor("empty", dimensions: [4, 0], type: .f32)
        try header.addTensor("f32", dimensions: [3], type: .f32)
        try header.addTensor("q8", dimensions: [32, 4096], type: .q8_0)
        try header.addTensor("scalar", dimensions: [], type: .f16)
        let large = (0..<(32 * 4096)).map { Float($0 % 255 - 127) }
        var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: path))
        try writer.append(floats: [1, 2, 3])
        try large.withUnsafeBufferPointer { buffer throws(GGUFError) in
            try writer.append(floats: UnsafeBufferPointer(rebasing: buffer[..<64]))
            try writer.append(floats: UnsafeBufferPointer(rebasing: buffer[64...]))
        }
        try writer.append(floats: [0.5])
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
        let file = try GGUFFile(mapping: path)
        #expect(try file.byteCount == header.fileByteCount())
        #expect(Array(file.metadata) == Array(header.metadata))
        #expect(file.tensors.map(\.dimensions) == [[4, 0], [3], [32, 4096], []])
        #expect(file.tensors.allSatisfy { $0.fileOffset % 64 == 0 })
        #expect(try file.floats(of: file.tensors[0]) == [])
        #expect(try file.floats(of: file.tensors[1]) == [1, 2, 3])
        let read = try file.floats(of: file.tensors[2])
        #expect(zip(read, large).allSatisfy { abs($0 - $1) <= 0.51 })
        #expect(try file.floats(of: file.tensors[2], rows: 7..<9) == Array(read[(7 * 32)..<(9 * 32)]))
        #expect(try file.floats(of: file.tensors[3]) == [0.5])
    }

    @Test func anUnfinishedFileLeavesTheOldOne() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("model.gguf")
        try Data("old".utf8).write(to: URL(fileURLWithPath: path))
        var header = GGUFHeader()
        try header.addTensor("a", dimensions: [4], type: .f32)
        do {
            var writer = try GGUFWriter(header: header, sink: GGUFFileSink(path: path))
            #expect(throws: GGUFError.wrongLength(what: "bytes of tensor 'a'", expected: 16, actual: 0)) {
                try writer.finish()
            }
            #expect(throws: GGUFError.self) { try writer.append(floats: [1, 2, 3, 4, 5]) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model.gguf"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
    }

    @Test func aMissingFolderIsNamed() {
        #expect(throws: GGUFError.self) { try GGUFFileSink(path: "/nonexistent/model.gguf") }
    }

    #if os(Linux)
    @Test func aFullDiskIsNamed() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        #expect(descriptor >= 0)
        let sink = GGUFFileSink(path: "model.gguf", temporaryPath: "/nonexistent/model.gguf", descriptor: descriptor)
        do throws(GGUFError) {
            _ = try GGUFWriter(header: GGUFHeader(), sink: sink)
            Issue.record("writing to a full disk succeeded")
        } catch {
            guard case .system(let operation, "model.gguf", ENOSPC, let message) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(operation == "write")
            #expect(message.contains("free some space"))
        }
    }
    #endif

    @Test func aHeaderThatCouldNotBeReadCannotBeMade() throws {
        var header = GGUFHeader()
        #expect(throws: GGUFError.emptyKey(offset: 0)) { try header.set("", .uint8(0)) }
        #expect(throws: GGUFError.self) { try header.set("a\0", .uint8(0)) }
        #expect(throws: GGUFError.self) { try header.set(String(repeating: "k", count: 65_536), .uint8(0)) }
        #expect(throws: GGUFError.invalidAlignment(1, offset: 0)) { try header.set("general.alignment", .uint32(1)) }
        #expect(throws: GGUFError.self) { try header.addTensor("a", dimensions: [1, 1, 1, 1, 1], type: .f32) }
        #expect(throws: GGUFError.self) { try header.addTensor("a", dimensions: [-1], type: .f32) }
        #expect(throws: GGUFError.self) { try header.addTensor("a", dimensions: [.max, 2], type: .f32) }
        #expect(throws: GGUFError.self) { try header.addTensor("a", dimensions: [31], type: .q8_0) }
        #expect(throws: GGUFError.self) {
            try header.addTensor(String(repeating: "n", count: 64), dimensions: [1], type: .f32)
        }
        try header.addTensor("a", dimensions: [1], type: .f32)
        #expect(throws: GGUFError.duplicateTensor("a", offset: 0)) {
            try header.addTensor("a", dimensions: [1], type: .f32)
        }
    }
}
