@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct MnemonicTests {
    struct Trezor: Decodable { let english: [[String]] }

    /// Rows of entropy, words, seed under the passphrase TREZOR, and the BIP-32 master key of that seed.
    @Test func trezorVectors() throws {
        let file: Trezor = try Vectors.json("bip39_slip10_kdf/trezor_vectors.json")
        #expect(file.english.count == 24)
        for row in file.english {
            try #require(row.count == 4)
            let mnemonic = try Mnemonic(entropy: Hex.decode(row[0]))
            #expect(mnemonic.phrase == row[1])
            #expect(try Mnemonic(words: row[1]) == mnemonic)
            let seed = mnemonic.seed(passphrase: "TREZOR").copyToArray()
            #expect(Hex.encode(seed) == row[2])
            // Version 0488ade4, depth 0, no parent, number 0, chain code, key with a leading zero, checksum.
            let master = HMACSHA512.authenticate(seed, key: Array("Bitcoin seed".utf8))
            let body = [0x04, 0x88, 0xad, 0xe4] + [UInt8](repeating: 0, count: 9) + master[32...] + [0] + master[..<32]
            #expect(OutsideForms.base58Check(body) == row[3])
        }
    }

    struct Extra: Decodable {
        struct Seed: Decodable { let mnemonic: String, passphrase: String, seed: String }
        struct Bad: Decodable { let mnemonic: String, why: String }
        let seeds: [Seed], must_reject: [Bad]
    }

    @Test func seedsOfManyPassphrases() throws {
        let file: Extra = try Vectors.json("bip39_slip10_kdf/bip39_extra.json")
        #expect(file.seeds.count == 33)
        for row in file.seeds {
            let seed = try Mnemonic(words: row.mnemonic).seed(passphrase: row.passphrase)
            #expect(Hex.encode(seed.copyToArray()) == row.seed, "passphrase \(row.passphrase)")
        }
    }

    @Test func mustReject() throws {
        let file: Extra = try Vectors.json("bip39_slip10_kdf/bip39_extra.json")
        #expect(file.must_reject.count == 10)
        for row in file.must_reject {
            #expect(throws: MnemonicError.self, "\(row.why)") { try Mnemonic(words: row.mnemonic) }
        }
    }

    @Test func errorsAreExact() {
        let eleven = [String](repeating: "abandon", count: 11).joined(separator: " ")
        #expect(throws: MnemonicError.wordCountInvalid(11)) { try Mnemonic(words: eleven) }
        #expect(throws: MnemonicError.unknownWord(place: 12)) { try Mnemonic(words: eleven + " abouts") }
        #expect(throws: MnemonicError.checksumMismatch) { try Mnemonic(words: eleven + " abandon") }
        #expect(throws: MnemonicError.wordCountInvalid(13)) { try Mnemonic.generate(wordCount: 13) }
        for count in [0, 15, 17, 18, 36] {
            #expect(throws: MnemonicError.entropyLengthInvalid(count)) {
                try Mnemonic(entropy: [UInt8](repeating: 0, count: count))
            }
        }
        let all: [MnemonicError] = [.wordCountInvalid(11), .unknownWord(place: 2), .checksumMismatch, .entropyLengthInvalid(3)]
        #expect(Set(all.map(\.description)).count == 4)
    }

    /// Each word of the list, in the list's order, through the codec: the embedded list is the published file.
    @Test func wordListIsThePublishedOne() throws {
        let published = try Vectors.text("bip39_slip10_kdf/bip39_english.txt").split(whereSeparator: \.isNewline).map(String.init)
        #expect(published.count == 2048)
        // 24 words carry 256 bits and 8 of checksum, so the first 23 words can be any.
        for start in stride(from: 0, to: 2048, by: 23) {
            let numbers = (0..<23).map { (start + $0) % 2048 }
            var entropy = [UInt8](repeating: 0, count: 32)
            for bit in 0..<253 where numbers[bit / 11] >> (10 - bit % 11) & 1 == 1 {
                entropy[bit / 8] |= 0x80 >> UInt8(bit % 8)
            }
            let words = try Mnemonic(entropy: entropy).words
            #expect(Array(words.prefix(23)) == numbers.map { published[$0] })
            #expect(try Mnemonic(words: words.joined(separator: " \n ")).words == words)
        }
    }

    @Test func generatedOnesReadBack() throws {
        for count in Mnemonic.wordCounts {
            let mnemonic = try Mnemonic.generate(wordCount: count)
            #expect(mnemonic.words.count == count)
            #expect(try Mnemonic(words: mnemonic.phrase) == mnemonic)
            #expect(try Mnemonic.generate(wordCount: count) != mnemonic)
            #expect(mnemonic.entropy.count == count / 3 * 4)
        }
    }

    @Test func wordsAreNotPrinted() throws {
        let mnemonic = try Mnemonic(entropy: [UInt8](repeating: 0, count: 16))
        var dumped = ""
        dump(mnemonic, to: &dumped)
        for text in ["\(mnemonic)", String(reflecting: mnemonic), dumped] {
            #expect(text.contains("redacted") && !text.contains("abandon"))
        }
    }
}
