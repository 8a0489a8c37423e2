import FlowEncoding
import TestSupport
import Testing

struct ByteReaderTests {
    @Test func integersAreLittleEndian() throws {
        var reader = ByteReader([1, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0x23, 0x83] + [UInt8](repeating: 255, count: 4))
        #expect(try reader.readUInt8() == 1)
        #expect(try reader.readUInt16() == 0x0102)
        #expect(try reader.readUInt32() == 0x0102_0304)
        #expect(try reader.readUInt64() == 0x0102_0304_0506_0708)
        #expect(try reader.readUInt16BigEndian() == 0x2383)
        #expect(try reader.readInt32() == -1)
        #expect(reader.isAtEnd)
        try reader.finish()
    }

    @Test func sliceIsReadFromItsOwnStart() throws {
        var reader = ByteReader([9, 9, 5, 0, 6, 9][2..<5])
        #expect(try reader.readUInt16() == 5)
        #expect(reader.offset == 2)
        #expect(try reader.readBytes(1) == [6])
        #expect(throws: DecodingFault.endOfInput(needed: 1, available: 0, offset: 3)) { try reader.readUInt8() }
    }

    @Test func failedReadLeavesTheOffset() {
        var reader = ByteReader([0xfd, 1])
        #expect(throws: DecodingFault.endOfInput(needed: 8, available: 2, offset: 0)) { try reader.readUInt64() }
        #expect(throws: DecodingFault.endOfInput(needed: 2, available: 1, offset: 1)) { try reader.readCompactSize() }
        #expect(reader.offset == 0)
        #expect(throws: DecodingFault.self) { try reader.readBytes(-1) }
        #expect(throws: DecodingFault.trailingBytes(2, offset: 0)) { try reader.finish() }
    }

    @Test func countsAreBoundedByWhatRemains() throws {
        var reader = ByteReader([3, 1, 2])
        #expect(throws: DecodingFault.endOfInput(needed: 3, available: 2, offset: 1)) { try reader.readCount() }
        #expect(throws: DecodingFault.countAboveLimit(count: 3, limit: 2, offset: 0)) { try reader.readCount(limit: 2) }
        #expect(throws: DecodingFault.self) { try reader.readVarBytes(limit: 2) }
        #expect(reader.offset == 0)

        var huge = ByteReader([0xff] + [UInt8](repeating: 255, count: 8))
        #expect(throws: DecodingFault.endOfInput(needed: .max, available: 0, offset: 9)) {
            try huge.readCount(minimumElementSize: 1000)
        }
        #expect(throws: DecodingFault.self) { _ = try huge.readArray() as [Pair] }
        #expect(throws: DecodingFault.self) { try huge.readVarBytes(limit: .max) }
        #expect(throws: DecodingFault.self) { try huge.readVarBytes(limit: -1) }
    }

    struct Pair: BinaryCodable, Equatable {
        var first: UInt16, second: UInt64
        init(_ first: UInt16, _ second: UInt64) { (self.first, self.second) = (first, second) }
        init(from reader: inout ByteReader) throws(DecodingFault) {
            first = try reader.readUInt16()
            second = try reader.readUInt64()
        }
        func encode(to writer: inout ByteWriter) {
            writer.write(first)
            writer.write(second)
        }
    }

    @Test func arraysRoundTrip() throws {
        var random = SeededGenerator(seed: 1)
        for count in [0, 1, 252, 253, 5000] {
            let pairs = (0..<count).map { _ in
                Pair(.random(in: 0 ... .max, using: &random), .random(in: 0 ... .max, using: &random))
            }
            var writer = ByteWriter()
            writer.writeArray(pairs)
            writer.writeVarBytes([1, 2, 3])
            writer.writeBigEndian(9555)
            #expect(writer.bytes.count == (count < 253 ? 1 : 3) + count * 10 + 6)
            var reader = ByteReader(writer.bytes)
            #expect(try reader.readArray(minimumElementSize: 10) == pairs)
            #expect(try reader.readVarBytes(limit: 3) == [1, 2, 3])
            #expect(try reader.readUInt16BigEndian() == 9555)
            try reader.finish()
        }
        #expect(throws: DecodingFault.trailingBytes(1, offset: 10)) { try Pair(decoding: Pair(1, 2).encoded + [0]) }
    }

    @Test func randomBytesNeverTrap() {
        var random = SeededGenerator(seed: 2)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : 0xff
            }
            var reader = ByteReader(bytes)
            while !reader.isAtEnd {
                let before = reader.offset
                switch Int.random(in: 0...4, using: &random) {
                case 0: _ = try? reader.readCompactSize()
                case 1: _ = try? reader.readVarBytes(limit: 20)
                case 2: _ = try? reader.readArray(limit: 3, minimumElementSize: 10) as [Pair]
                case 3: _ = try? reader.readUInt64()
                default: break
                }
                #expect(reader.offset <= bytes.count)
                if reader.offset == before { _ = try? reader.readUInt8() }
            }
        }
    }

    @Test func faultsSayExpectedAndActual() {
        #expect(DecodingFault.endOfInput(needed: 4, available: 1, offset: 7).description.contains("4 bytes at offset 7, only 1"))
        #expect(DecodingFault.nonCanonicalCompactSize(5, offset: 0).description.contains("shortest"))
        #expect(DecodingFault.countAboveLimit(count: 9, limit: 8, offset: 0).description.contains("at most 8"))
        #expect(DecodingFault.trailingBytes(2, offset: 3).description.contains("2 bytes follow"))
        #expect(DecodingFault.invalidValue("text", offset: 3).description.contains("text"))
    }
}
