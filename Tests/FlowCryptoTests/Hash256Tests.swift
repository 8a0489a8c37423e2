import FlowCrypto
import FlowEncoding
import Foundation
import TestSupport
import Testing

struct Hash256Tests {
    let bytes = (0..<32).map { UInt8($0) }

    @Test func forms() throws {
        let hash = try #require(Hash256(bytes: bytes))
        #expect(hash.bytes == bytes)
        #expect(hash.hex == Hex.encode(bytes))
        #expect(hash.description == Hex.encode(Array(bytes.reversed())))
        #expect(try Hash256(displayHex: hash.description) == hash)
        #expect(hash.encoded == bytes)
        #expect(try Hash256(decoding: bytes) == hash)
        #expect(hash.littleEndianWords.0 == 0x0706_0504_0302_0100)
        #expect(hash.littleEndianWords.3 == 0x1f1e_1d1c_1b1a_1918)
        #expect(Hash256(littleEndianWords: hash.littleEndianWords) == hash)
        #expect(hash.withUnsafeBytes { Array($0) } == bytes)
        #expect(bytes.withUnsafeBytes { Hash256(bytes: $0) } == hash)
        #expect(Hash256(bytes: bytes[...]) == hash)
        let json = try JSONEncoder().encode([hash])
        #expect(try JSONDecoder().decode([Hash256].self, from: json) == [hash])
        #expect(Hash256.zero.bytes == [UInt8](repeating: 0, count: 32))
    }

    @Test func rejects() {
        #expect(Hash256(bytes: bytes.dropLast()) == nil)
        #expect(Hash256(bytes: bytes + [0]) == nil)
        #expect(throws: HexError.wrongLength(expected: 32, actual: 31)) { try Hash256(displayHex: String(repeating: "00", count: 31)) }
        #expect(throws: HexError.self) { try Hash256(displayHex: String(repeating: "0g", count: 32)) }
        #expect(throws: DecodingFault.endOfInput(needed: 32, available: 31, offset: 0)) { try Hash256(decoding: Array(bytes.dropLast())) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Hash256].self, from: Data(#"["00"]"#.utf8)) }
    }

    /// Byte 31 weighs most.
    @Test func comparesAsLittleEndianNumber() throws {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<500 {
            let left = (0..<32).map { _ in UInt8.random(in: 0...1, using: &random) }
            let right = (0..<32).map { _ in UInt8.random(in: 0...1, using: &random) }
            let (a, b) = (try #require(Hash256(bytes: left)), try #require(Hash256(bytes: right)))
            #expect((a < b) == left.reversed().lexicographicallyPrecedes(right.reversed()))
            #expect((a == b) == (left == right))
        }
    }
}
