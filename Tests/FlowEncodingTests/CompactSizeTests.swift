import FlowEncoding
import TestSupport
import Testing

struct CompactSizeTests {
    struct File: Decodable {
        struct Valid: Decodable { let value: String, hex: String }
        struct Rejected: Decodable { let name: String, hex: String }
        struct Parse: Decodable { let input: String, output: [UInt64], solidityError: String? }
        struct Length: Decodable { let input: UInt8, output: Int }
        struct ParseError: Decodable { let input: String }
        struct Limit: Decodable { let value: UInt64 }
        let valid: [Valid]
        let noncanonical_must_reject: [Rejected]
        let truncated_must_reject: [String]
        let summa_parseVarInt: [Parse]
        let summa_determineVarIntDataLength: [Length]
        let summa_parseVarIntError: [ParseError]
        let max_size: Limit
    }

    let file: File
    init() throws { file = try Vectors.json("bitcoin/compactsize/compactsize.json") }

    @Test func validValues() throws {
        #expect(file.valid.count == 72)
        for row in file.valid {
            let value = try #require(UInt64(row.value))
            let bytes = try Hex.decode(row.hex)
            var writer = ByteWriter()
            writer.writeCompactSize(value)
            #expect(writer.bytes == bytes)
            var reader = ByteReader(bytes)
            #expect(try reader.readCompactSize() == value)
            try reader.finish()
        }
    }

    @Test func longerFormsAreRejected() throws {
        #expect(file.noncanonical_must_reject.count == 12)
        for row in file.noncanonical_must_reject {
            var reader = ByteReader(try Hex.decode(row.hex))
            let fault = #expect(throws: DecodingFault.self, "\(row.name)") { try reader.readCompactSize() }
            guard case .nonCanonicalCompactSize? = fault else { Issue.record("\(row.name): \(String(describing: fault))"); continue }
        }
    }

    @Test func truncatedFormsAreRejected() throws {
        #expect(file.truncated_must_reject.count == 10)
        for hex in file.truncated_must_reject + file.summa_parseVarIntError.map({ String($0.input.dropFirst(2)) }) {
            var reader = ByteReader(try Hex.decode(hex))
            let fault = #expect(throws: DecodingFault.self, "\(hex)") { try reader.readCompactSize() }
            guard case .endOfInput? = fault else { Issue.record("\(hex): \(String(describing: fault))"); continue }
        }
    }

    /// The outputs of this source are: bytes behind the first, value.
    @Test func summaValues() throws {
        for row in file.summa_parseVarInt {
            var reader = ByteReader(try Hex.decode(String(row.input.dropFirst(2))))
            // The row without an error is 3 in five bytes, which their parser takes and the canonical rule refuses.
            var shortest = ByteWriter()
            shortest.writeCompactSize(row.output[1])
            let isCanonical = row.output[0] == UInt64(shortest.bytes.count - 1)
            if row.solidityError != nil { #expect(!isCanonical) }
            if isCanonical {
                #expect(try reader.readCompactSize() == row.output[1])
                #expect(UInt64(reader.offset) == row.output[0] + 1)
            } else {
                #expect(throws: DecodingFault.nonCanonicalCompactSize(row.output[1], offset: 0)) { try reader.readCompactSize() }
            }
        }
        for row in file.summa_determineVarIntDataLength {
            var reader = ByteReader([row.input] + [UInt8](repeating: 255, count: 8))
            _ = try reader.readCompactSize()
            #expect(reader.offset == row.output + 1)
        }
    }

    @Test func aLimitAsBitcoins() throws {
        let limit = file.max_size.value
        var writer = ByteWriter()
        writer.writeCompactSize(limit + 1)
        var reader = ByteReader(writer.bytes)
        #expect(throws: DecodingFault.countAboveLimit(count: limit + 1, limit: limit, offset: 0)) {
            try reader.readCount(limit: limit)
        }
    }
}
