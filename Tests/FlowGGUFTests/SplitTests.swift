@testable import FlowGGUF
import Foundation
import TestSupport
import Testing

struct SplitTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { folder.path(name) }

    private func header(tensors: Int = 5) throws -> GGUFHeader {
        var header = GGUFHeader()
        try header.set("general.architecture", .string("qwen3moe"))
        try header.set("general.alignment", .uint32(64))
        try header.set("tokenizer.ggml.tokens", .strings((0..<20).map { "t\($0)" }))
        for index in 0..<tensors {
            try header.addTensor("t\(index)", dimensions: [32, index % 2 + 1], type: index == 3 ? .q8_0 : .f32)
        }
        return header
    }

    /// Writes five tensors into parts; the elements of tensor i are all i.
    private func write(_ name: String, partByteCount: Int, tensors: Int = 5) throws -> [String] {
        let header = try header(tensors: tensors)
        var writer = try GGUFSplitWriter(header: header, path: path(name), partByteCount: partByteCount)
        for (index, tensor) in header.tensors.enumerated() {
            try writer.append(floats: [Float](repeating: Float(index), count: tensor.elementCount))
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(name.dropLast(5)) }
        #expect(names.allSatisfy { $0.contains(".gguf.tmp-") })
        return try writer.finish()
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
    private func put(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    @Test func namesFollowLlamaCpp() {
        let name = GGUFPartName(prefix: "/m/a-00001-of-00002", part: 2, count: 10)
        #expect("\(name)" == "/m/a-00001-of-00002-00003-of-00010.gguf")
        #expect(GGUFPartName(path: name.description) == name)
        #expect("\(GGUFPartName(prefix: "x", part: 123_456, count: 200_000))" == "x-123457-of-200000.gguf")
        for bad in [
            "x-00000-of-00003.gguf", "x-00004-of-00003.gguf", "x-1-of-3.gguf", "x-00001-of-00003", "00001-of-00003.gguf",
            "x-000001-of-00003.gguf", "x-00001-of-00003.gguf.gguf", "x-00001-0f-00003.gguf", ".gguf", "",
            "x-99999999999999999999-of-99999999999999999999.gguf", "x00001-of-00003.gguf",
        ] { #expect(GGUFPartName(path: bad) == nil, "\(bad)") }
    }

    @Test func aSplitFileReadsAsOne() throws {
        let paths = try write("m.gguf", partByteCount: 700)
        #expect(paths.count == 3)
        #expect(paths.map { ($0 as NSString).lastPathComponent } == (1...3).map { "m-0000\($0)-of-00003.gguf" })
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 3)
        for file in [try GGUFFile(mapping: paths[0]), try GGUFFile(reading: paths[0])] {
            #expect(file.partCount == 3)
            #expect(file.metadata["tokenizer.ggml.tokens"]?.strings?.count == 20)
            #expect(file.metadata["split.count"] == .uint16(3))
            #expect(file.metadata["split.tensors.count"] == .int32(5))
            #expect(file.tensors.map(\.name) == (0..<5).map { "t\($0)" })
            #expect(Set(file.tensors.map(\.part)) == [0, 1, 2])
            for (index, tensor) in file.tensors.enumerated() {
                #expect(file.tensor(tensor.name) == tensor)
                #expect(try file.floats(of: tensor).allSatisfy { abs($0 - Float(index)) < 0.02 })
            }
            #expect(try file.byteCount == paths.reduce(0) { try $0 + bytes($1).count })
            // Written again it is one file, without the split's keys.
            let joined = try #require(try file.header().parts(byteCount: .max).first)
            #expect(Array(joined.metadata) == Array(try header().metadata))
            #expect(joined.tensors == (try header()).tensors)
        }
        for path in paths { #expect(try bytes(path).count <= 700) }
        let later = try GGUFFile(bytes: bytes(paths[1]))
        #expect(later.metadata.map(\.key).sorted() == ["general.alignment", "split.count", "split.no", "split.tensors.count"])
    }

    @Test(arguments: [1, 300, 600, 900, 1_200, 1_000_000])
    func partsKeepTheirLength(_ limit: Int) throws {
        for header in try header(tensors: 9).parts(byteCount: limit) {
            let length = try header.fileByteCount()
            #expect(length <= limit || header.tensors.count <= 1, "\(length) bytes, \(header.tensors.count) tensors")
        }
    }

    @Test func whatFitsIsNotSplit() throws {
        let paths = try write("m.gguf", partByteCount: 1 << 20)
        #expect(paths == [path("m.gguf")])
        #expect(try GGUFFile(mapping: paths[0]).metadata["split.count"] == nil)
    }

    @Test func anUnfinishedSplitLeavesNothing() throws {
        do {
            var writer = try GGUFSplitWriter(header: header(), path: path("m.gguf"), partByteCount: 700)
            try writer.append(floats: [Float](repeating: 1, count: 32))
            #expect(throws: GGUFError.self) { try writer.finish() }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// The reason of the error that opening the first part gives.
    private func reason(_ path: String) -> String {
        do throws(GGUFError) {
            _ = try GGUFFile(mapping: path)
            return "opened"
        } catch {
            guard case .inconsistentSplit(_, let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func partsThatAreMissingOrOfAnotherSetAreNamed() throws {
        let paths = try write("m.gguf", partByteCount: 700)
        let first = try bytes(paths[0]), second = try bytes(paths[1]), third = try bytes(paths[2])
        #expect(reason(paths[1]).contains("it is part 2 of 3; open the first, \(paths[0])"))

        try FileManager.default.removeItem(atPath: paths[1])
        #expect(reason(paths[0]).contains("it is part 2 of 3 and cannot be opened: No such file"))

        try put(third, paths[1])
        #expect(reason(paths[0]).contains("it says that it is part 3 of 3"))

        try put(Array(second.dropLast(40)), paths[1])
        do throws(GGUFError) {
            _ = try GGUFFile(mapping: paths[0])
            Issue.record("a cut part was opened")
        } catch {
            guard case .inPart(paths[1], .tensorOutOfBounds) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.offset != nil)
            #expect("\(error)".hasPrefix("'\(paths[1])'"))
        }

        // Another number of tensors: a set of another version.
        let other = try write("other.gguf", partByteCount: 700, tensors: 4)
        #expect(other.count == 3)
        try put(bytes(other[1]), paths[1])
        #expect(reason(paths[0]).contains("it speaks of 4 tensors, the first part of 5"))

        // The same tensors twice.
        var copy = GGUFHeader()
        try copy.set("split.no", .uint16(1))
        try copy.set("split.count", .uint16(3))
        try copy.addTensor("t0", dimensions: [], type: .f32)
        try put(copy.encoded() + [UInt8](repeating: 0, count: 32), paths[1])
        #expect(throws: GGUFError.inPart(file: paths[1], error: .duplicateTensor("t0", offset: 71))) {
            try GGUFFile(mapping: paths[0])
        }

        // A part with no tensors leaves too few.
        var empty = GGUFHeader()
        try empty.set("split.no", .uint16(1))
        try empty.set("split.count", .uint16(3))
        try put(empty.encoded(), paths[1])
        #expect(reason(paths[0]).contains("it speaks of 5 tensors, its 3 parts hold"))

        // A whole file in the place of a part.
        try put(GGUFHeader().encoded(), paths[1])
        #expect(reason(paths[0]).contains("it lacks the key 'split.count'"))

        try put(second, paths[1])
        #expect(reason(paths[0]) == "opened")
        let renamed = path("renamed.gguf")
        try put(first, renamed)
        #expect(reason(renamed).contains("it says that it is part 1 of 3; rename it"))
    }

    @Test(arguments: [
        ("split.count", .uint32(2)), ("split.count", .uint16(0)), ("split.no", .int32(0)), ("split.no", .uint16(2)),
        ("split.tensors.count", .uint32(1)), ("split.tensors.count", .int32(-1)),
    ] as [(String, GGUFValue)])
    func theKeysHaveLlamaCppsTypes(_ key: String, _ value: GGUFValue) throws {
        var header = GGUFHeader()
        try header.set("split.no", .uint16(0))
        try header.set("split.count", .uint16(2))
        try header.set("split.tensors.count", .int32(0))
        try header.set(key, value)
        let path = path("m-00001-of-00002.gguf")
        try put(header.encoded(), path)
        do throws(GGUFError) {
            _ = try GGUFFile(mapping: path)
            Issue.record("\(key) = \(value) was accepted")
        } catch {
            guard case .unexpectedValue(key, _, _, _) = error else { Issue.record("\(error)"); return }
        }
    }

    @Test func keysThatAreMissingAreNamed() throws {
        let path = path("m-00001-of-00002.gguf")
        var header = GGUFHeader()
        try header.set("split.count", .uint16(2))
        try put(header.encoded(), path)
        #expect(throws: GGUFError.missingKey("split.no")) { try GGUFFile(mapping: path) }
        try header.set("split.no", .uint16(0))
        try put(header.encoded(), path)
        #expect(throws: GGUFError.missingKey("split.tensors.count")) { try GGUFFile(mapping: path) }
    }
}
