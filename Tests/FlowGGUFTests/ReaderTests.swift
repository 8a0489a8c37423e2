@testable import FlowGGUF
import Foundation
import Testing

/// Makes small files field by field, so that each can be wrong.
struct FileBuilder {
    var encoder = GGUFEncoder()

    init(tensors: Int = 0, metadata: Int = 0) {
        encoder.bytes.append(contentsOf: "GGUF".utf8)
        encoder.append(UInt32(3))
        encoder.append(UInt64(tensors))
        encoder.append(UInt64(metadata))
    }

    mutating func key(_ key: [UInt8], _ value: GGUFValue = .uint8(1)) {
        encoder.append(UInt64(key.count))
        encoder.bytes.append(contentsOf: key)
        encoder.append(value)
    }

    mutating func tensor(_ name: [UInt8], _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
        encoder.append(UInt64(name.count))
        encoder.bytes.append(contentsOf: name)
        encoder.append(UInt32(dimensions.count))
        for dimension in dimensions { encoder.append(dimension) }
        encoder.append(type)
        encoder.append(offset)
    }

    func error() -> GGUFError? {
        do throws(GGUFError) {
            _ = try GGUFFile(bytes: encoder.bytes + [UInt8](repeating: 0, count: 256))
            return nil
        } catch { return error }
    }
}

struct ReaderTests {
    @Test func namesMustBeTextWithoutZeroBytes() {
        var file = FileBuilder(metadata: 1)
        file.key([0x61, 0, 0x62])
        #expect(file.error() == .nulInName(field: "metadata key 0", offset: 32))
        file = FileBuilder(metadata: 1)
        file.key([0x61, 0xFF])
        #expect(file.error() == .invalidUTF8(field: "metadata key 0", byte: 1, offset: 32))
        file = FileBuilder(tensors: 1)
        file.tensor([0x61, 0], [4])
        #expect(file.error() == .nulInName(field: "the name of tensor 0", offset: 32))
        file = FileBuilder(tensors: 1)
        file.tensor([0xED, 0xA0, 0x80], [4])
        #expect(file.error() == .invalidUTF8(field: "the name of tensor 0", byte: 0, offset: 32))
    }

    @Test func booleansInArraysAreCheckedToo() {
        var file = FileBuilder(metadata: 1)
        file.key([0x61], .array(.bool([true, false])))
        #expect(file.error() == nil)
        file.encoder.bytes[file.encoder.bytes.count - 1] = 7
        #expect(file.error() == .invalidBoolean(7, key: "a", offset: UInt64(file.encoder.bytes.count - 1)))
    }

    @Test(arguments: [0, 1, 2, 4, 13, 24, 1 << 31] as [UInt32])
    func alignmentMustBeAPowerOfTwoFromEight(_ value: UInt32) {
        var file = FileBuilder(metadata: 1)
        file.key(Array("general.alignment".utf8), .uint32(value))
        #expect(file.error() == .invalidAlignment(UInt64(value), offset: 53))
    }

    @Test func alignmentMustBeOfTheRightType() {
        var file = FileBuilder(metadata: 1)
        file.key(Array("general.alignment".utf8), .uint64(32))
        #expect(
            file.error()
                == .unexpectedValue(key: "general.alignment", expected: "a UINT32", actual: "32", offset: 53))
    }

    @Test func keysAndTensorsAreUnique() {
        var file = FileBuilder(metadata: 2)
        file.key([0x61])
        file.key([0x61])
        #expect(file.error() == .duplicateKey("a", offset: 38))
        file = FileBuilder(tensors: 2)
        file.tensor([0x61], [8])
        file.tensor([0x61], [8], offset: 32)
        #expect(file.error() == .duplicateTensor("a", offset: 57))
    }

    @Test func namesThatOnlyUnicodeTakesForEqualAreDifferent() {
        var file = FileBuilder(metadata: 2)
        file.key(Array("\u{E9}".utf8))
        file.key(Array("e\u{301}".utf8))
        #expect(file.error() == nil)
    }

    @Test func tensorsMustFollowEachOther() {
        var file = FileBuilder(tensors: 2)
        file.tensor([0x61], [4])
        file.tensor([0x62], [4], offset: 64)
        #expect(file.error() == .wrongTensorOffset(tensor: "b", expected: 32, actual: 64, offset: 82))
    }

    @Test func quantisedRowsAreWholeBlocks() {
        var file = FileBuilder(tensors: 1)
        file.tensor([0x61], [33, 32], type: 8)
        #expect(file.error() == .partialBlock(tensor: "a", type: .q8_0, rowLength: 33, offset: 53))
    }

    @Test(arguments: [4, 5, 31, 38, 42, .max] as [UInt32])
    func unknownAndWithdrawnTypesAreRefused(_ type: UInt32) {
        var file = FileBuilder(tensors: 1)
        file.tensor([0x61], [4], type: type)
        #expect(file.error() == .unknownTensorType(type, tensor: "a", offset: 45))
    }

    @Test(arguments: [
        [1 << 62, 1 << 62, 0], [0, 1 << 62, 1 << 62], [1 << 62, 2], [1 << 63], [.max, 0],
    ] as [[UInt64]])
    func shapesThatOverflowAreRefused(_ shape: [UInt64]) {
        var file = FileBuilder(tensors: 1)
        file.tensor([0x61], shape)
        guard case .sizeOverflow? = file.error() else {
            Issue.record("\(shape): \(String(describing: file.error()))")
            return
        }
    }

    @Test func limitsAreTheCallersToSet() {
        var file = FileBuilder(metadata: 1)
        file.key([0x61], .string("abcdef"))
        #expect(throws: GGUFError.limitExceeded(
            field: "the length of the value of 'a'", value: 6, limit: 5, offset: 37)) {
            try GGUFFile(bytes: file.encoder.bytes, limits: GGUFLimits(stringLength: 5))
        }
        #expect(throws: GGUFError.limitExceeded(
            field: "the number of metadata entries", value: 1, limit: 0, offset: 16)) {
            try GGUFFile(bytes: file.encoder.bytes, limits: GGUFLimits(metadataCount: 0))
        }
    }

    @Test func mappingSaysWhatIsWrongWithThePath() throws {
        #expect(throws: GGUFError.self) { try GGUFFile(mapping: "/nonexistent/model.gguf") }
        do throws(GGUFError) {
            _ = try GGUFFile(mapping: "/")
            Issue.record("a directory was opened")
        } catch {
            #expect("\(error)".contains("not a regular file"))
        }
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).gguf").path
        try Data().write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: GGUFError.truncated(field: "the magic number", needed: 4, available: 0, offset: 0)) {
            try GGUFFile(mapping: path)
        }
    }

    @Test func aTensorOfAnotherFileIsNotReadOutsideThisOne() throws {
        var header = GGUFHeader()
        try header.addTensor("a", dimensions: [1024], type: .f32)
        var writer = try GGUFWriter(header: header, sink: GGUFMemorySink())
        try writer.append(floats: [Float](repeating: 1, count: 1024))
        try writer.finish()
        let large = try GGUFFile(bytes: writer.sink.bytes)
        let small = try GGUFFile(bytes: FileBuilder().encoder.bytes)
        #expect(throws: GGUFError.self) { try small.floats(of: large.tensors[0]) }
        #expect(throws: GGUFError.self) { try large.floats(of: large.tensors[0], rows: 0..<2) }
    }
}
