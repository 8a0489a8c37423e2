@testable import FlowEncoding
import TestSupport
import Testing

struct Bech32Tests {
    struct Bad: Decodable { let bytes_hex: String, reason: String }
    struct Address: Decodable { let address: String, scriptPubKey: String }
    struct BadAddress: Decodable { let address: String, reason: String }
    struct File: Decodable {
        let bip173_valid_bech32: [String]
        let bip173_invalid_bech32: [Bad]
        let bip173_valid_segwit: [Address]
        let bip173_invalid_segwit: [BadAddress]
        let bip350_valid_bech32m_MUST_BE_REJECTED_as_bech32: [String]
        let bip350_invalid_bech32m: [Bad]
        let bip350_valid_segwit: [Address]
        let bip350_invalid_segwit: [BadAddress]
    }

    let file: File
    init() throws { file = try Vectors.json("bech32/bip173_bip350.json") }

    @Test func validTexts() throws {
        let bech32m = file.bip350_valid_bech32m_MUST_BE_REJECTED_as_bech32
        for (texts, variant) in [(file.bip173_valid_bech32, Bech32.Variant.bech32), (bech32m, .bech32m)] {
            #expect(texts.count == 7)
            for text in texts {
                let decoded = try Bech32.decode(text)
                #expect(decoded.variant == variant, "\(text)")
                let again = try Bech32.encode(hrp: decoded.hrp, values: decoded.values, variant: variant)
                #expect(again == text.lowercased())
            }
        }
    }

    @Test func invalidTexts() throws {
        #expect(file.bip173_invalid_bech32.count == 12)
        #expect(file.bip350_invalid_bech32m.count == 14)
        for (rows, variant) in [
            (file.bip173_invalid_bech32, Bech32.Variant.bech32), (file.bip350_invalid_bech32m, .bech32m),
        ] {
            for row in rows {
                let bytes = try Hex.decode(row.bytes_hex)
                let decoded = try? Bech32.decode(utf8: bytes)
                #expect(decoded?.variant != variant, "\(row.reason)")
                let repaired = try? Bech32.decode(String(decoding: bytes, as: UTF8.self))
                #expect(repaired?.variant != variant, "\(row.reason)")
            }
        }
    }

    private func script(_ address: SegwitStyleAddress) -> String {
        let version = address.version == 0 ? 0 : 0x50 + address.version
        return Hex.encode([version, UInt8(address.program.count)] + address.program)
    }

    /// BIP-350 supersedes BIP-173 for versions from 1 on: their old form must now be refused.
    @Test func validAddresses() throws {
        #expect(file.bip173_valid_segwit.count + file.bip350_valid_segwit.count == 14)
        for row in file.bip350_valid_segwit {
            let address = try SegwitStyleAddress(row.address)
            #expect(script(address) == row.scriptPubKey)
            #expect(address.description == row.address.lowercased())
            let made = try SegwitStyleAddress(prefix: address.prefix, version: address.version, program: address.program)
            #expect(made == address)
        }
        for row in file.bip173_valid_segwit {
            if row.scriptPubKey.hasPrefix("00") {
                #expect(script(try SegwitStyleAddress(row.address)) == row.scriptPubKey)
            } else {
                #expect(throws: Bech32Error.self) { try SegwitStyleAddress(row.address) }
                let (_, values, variant) = try Bech32.decode(row.address)
                #expect(variant == .bech32)
                let program = try Bech32.convertBits(Array(values.dropFirst()), from: 5, to: 8, padding: false)
                #expect(Hex.encode([0x50 + values[0], UInt8(program.count)] + program) == row.scriptPubKey)
            }
        }
    }

    @Test func invalidAddresses() throws {
        #expect(file.bip173_invalid_segwit.count == 10)
        #expect(file.bip350_invalid_segwit.count == 15)
        for row in file.bip173_invalid_segwit + file.bip350_invalid_segwit {
            for prefix in ["bc", "tb"] {
                #expect(throws: Bech32Error.self, "\(row.reason)") {
                    try SegwitStyleAddress(row.address, expectedPrefix: prefix)
                }
            }
        }
    }

    @Test func encoderRejects() {
        #expect(throws: Bech32Error.valueOutOfRange(32, bits: 5)) { try Bech32.encode(hrp: "fl", values: [32], variant: .bech32) }
        #expect(throws: Bech32Error.prefixEmpty) { try Bech32.encode(hrp: "", values: [], variant: .bech32) }
        #expect(throws: Bech32Error.mixedCase) { try Bech32.encode(hrp: "FL", values: [], variant: .bech32) }
        #expect(throws: Bech32Error.self) { try Bech32.encode(hrp: "f l", values: [], variant: .bech32) }
        #expect(throws: Bech32Error.tooLong(length: 91, limit: 90)) {
            try Bech32.encode(hrp: "fl", values: [UInt8](repeating: 0, count: 82), variant: .bech32)
        }
        #expect(throws: Bech32Error.valueOutOfRange(32, bits: 5)) { try Bech32.convertBits([32], from: 5, to: 8, padding: true) }
        #expect(throws: Bech32Error.paddingInvalid) { try Bech32.convertBits([0], from: 5, to: 8, padding: false) }
        #expect(throws: Bech32Error.paddingInvalid) { try Bech32.convertBits([0, 1], from: 5, to: 8, padding: false) }
    }

    @Test func bitsRoundTrip() throws {
        var random = SeededGenerator(seed: 3)
        for count in 0..<42 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let groups = try Bech32.convertBits(bytes, from: 8, to: 5, padding: true)
            #expect(try Bech32.convertBits(groups, from: 5, to: 8, padding: false) == bytes)
        }
    }

    /// A bech32 checksum finds every error of up to four characters; here one and two, at all places.
    @Test func everySingleErrorIsFound() throws {
        let good = Array("fl1qw508d6qejxtdg4y5r3zarvary0c5xw7k79qfl2".utf8)
        let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
        var random = SeededGenerator(seed: 4)
        for place in 3..<good.count {
            for character in alphabet where character != good[place] {
                var bad = good
                bad[place] = character
                let variant = (try? Bech32.decode(utf8: bad))?.variant
                #expect(variant != .bech32)
                let second = Int.random(in: 3..<good.count, using: &random)
                if second != place { bad[second] = bad[second] == 0x71 ? 0x70 : 0x71 }
                #expect((try? Bech32.decode(utf8: bad))?.variant != .bech32)
            }
        }
    }
}
