@testable import FlowGGUF
import Foundation
import TestSupport
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

    @Test func limitsHoldInsideArraysToo() {
        func error(_ value: GGUFValue, _ limits: GGUFLimits) -> GGUFError? {
            var file = FileBuilder(metadata: 1)
            file.key([0x61], value)
            do throws(GGUFError) {
                _ = try GGUFFile(bytes: file.encoder.bytes, limits: limits)
                return nil
            } catch { return error }
        }
        let texts = GGUFValue.strings(["ab", "abcd", "abc"])
        #expect(error(texts, GGUFLimits(stringLength: 4, arrayLength: 3)) == nil)
        #expect(error(texts, GGUFLimits(stringLength: 3)) == .limitExceeded(
            field: "the length of element 1 of the array 'a'", value: 4, limit: 3, offset: 59))
        #expect(error(texts, GGUFLimits(arrayLength: 2)) == .limitExceeded(
            field: "the length of the array 'a'", value: 3, limit: 2, offset: 41))
        #expect(error(.array(.uint8([1])), GGUFLimits(arrayLength: 0)) == .limitExceeded(
            field: "the length of the array 'a'", value: 1, limit: 0, offset: 41))
        #expect(error(.uint8(1), GGUFLimits(keyLength: 0)) == .limitExceeded(
            field: "the length of metadata key 0", value: 1, limit: 0, offset: 24))
        var file = FileBuilder(tensors: 1)
        file.tensor([0x61], [8])
        let bytes = file.encoder.bytes + [UInt8](repeating: 0, count: 64)
        #expect(throws: GGUFError.limitExceeded(field: "the number of tensors", value: 1, limit: 0, offset: 8)) {
            try GGUFFile(bytes: bytes, limits: GGUFLimits(tensorCount: 0))
        }
    }

    /// Arrays of arrays, which the format's text allows and llama.cpp refuses, are refused before anything inside is
    /// looked at, however deep they are.
    @Test(arguments: [1, 2, 100_000])
    func nestedArraysAreRefused(_ depth: Int) {
        var file = FileBuilder(metadata: 1)
        file.encoder.append(UInt64(1))
        file.encoder.bytes.append(0x61)
        file.encoder.append(UInt32(9))
        for _ in 0..<depth {
            file.encoder.append(UInt32(9))
            file.encoder.append(UInt64(1))
        }
        file.encoder.append(UInt32(0))
        file.encoder.append(UInt64(0))
        #expect(file.error() == .nestedArray(key: "a", offset: 37))
    }

    @Test(arguments: GGUFValueType.allCases.filter { $0 != .array })
    func arraysMayBeEmptyAndNotCut(_ type: GGUFValueType) {
        for count in [0, 1, 2] as [UInt64] {
            var file = FileBuilder(metadata: 1)
            file.encoder.append(UInt64(1))
            file.encoder.bytes.append(0x61)
            file.encoder.append(UInt32(9))
            file.encoder.append(type.rawValue)
            file.encoder.append(count)
            let whole = Int(count) * (type.byteCount ?? 8)
            file.encoder.bytes += [UInt8](repeating: 0, count: whole)
            #expect(throws: Never.self, "\(type) \(count)") { try GGUFFile(bytes: file.encoder.bytes) }
            guard count > 0 else { continue }
            #expect(throws: GGUFError.truncated(
                field: "the array 'a'", needed: UInt64(whole), available: UInt64(whole) - 1, offset: 49)) {
                try GGUFFile(bytes: Array(file.encoder.bytes.dropLast()))
            }
        }
    }

    @Test func longNamesAreCutInMessages() {
        let key = String(repeating: "k", count: 60_000)
        #expect("\(GGUFError.duplicateKey(key, offset: 3))".utf8.count < 200)
        #expect("\(GGUFError.duplicateKey("a.b", offset: 3))" == "the metadata key 'a.b' occurs twice (at byte 3)")
    }

    @Test func mappingSaysWhatIsWrongWithThePath() throws {
        #expect(throws: GGUFError.self) { try GGUFFile(mapping: "/nonexistent/model.gguf") }
        do throws(GGUFError) {
            _ = try GGUFFile(mapping: "/")
            Issue.record("a directory was opened")
        } catch {
            #expect("\(error)".contains("not a regular file"))
        }
        let folder = try TemporaryFolder()
        try folder.write([], to: "empty.gguf")
        #expect(throws: GGUFError.truncated(field: "the magic number", needed: 4, available: 0, offset: 0)) {
            try GGUFFile(mapping: folder.path("empty.gguf"))
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
