@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct Ed25519Tests {
    private func verify(_ publicKey: [UInt8], _ signature: [UInt8], _ message: [UInt8]) -> Bool {
        guard let key = Ed25519.PublicKey(bytes: publicKey), let signature = Ed25519.Signature(bytes: signature) else {
            return false
        }
        return key.isValid(signature: signature, for: message)
    }

    struct RFC: Decodable {
        let variant: String, secret: String, `public`: String, message: String, context: String?, signature: String
    }

    @Test func rfc8032() throws {
        let rows: [RFC] = try Vectors.json("ed25519/rfc8032.json")
        var counts: [String: Int] = [:]
        for row in rows {
            counts[row.variant, default: 0] += 1
            let key = try Ed25519.PrivateKey(seed: Hex.decode(row.secret))
            let message = try Hex.decode(row.message)
            let context = try Hex.decode(row.context ?? "")
            #expect(key.publicKey.description == row.public)
            guard row.variant != "Ed25519" else {
                let signature = key.sign(message)
                #expect(signature.description == row.signature)
                #expect(key.publicKey.isValid(signature: signature, for: message))
                #expect(!key.publicKey.isValid(signature: signature, for: message + [0]))
                continue
            }
            let variant: Ed25519.Variant = row.variant == "Ed25519ctx" ? .context(context) : .prehashed(context: context)
            let signature = try key.sign(message, variant: variant)
            #expect(signature.description == row.signature, "\(row.variant)")
            #expect(key.publicKey.isValid(signature: signature, for: message, variant: variant))
            #expect(!key.publicKey.isValid(signature: signature, for: message + [0], variant: variant))
            #expect(!key.publicKey.isValid(signature: signature, for: message, variant: .context([1])))
            #expect(!key.publicKey.isValid(signature: signature, for: message))
        }
        #expect(counts == ["Ed25519": 5, "Ed25519ctx": 4, "Ed25519ph": 1])
    }

    struct Wycheproof: Decodable {
        struct Group: Decodable {
            struct Key: Decodable { let pk: String }
            struct Test: Decodable { let tcId: Int, comment: String, msg: String, sig: String, result: String }
            let publicKey: Key, tests: [Test]
        }
        let numberOfTests: Int, testGroups: [Group]
    }

    @Test func wycheproof() throws {
        let file: Wycheproof = try Vectors.json("ed25519/wycheproof_ed25519_test.json")
        var count = 0
        for group in file.testGroups {
            let key = try Hex.decode(group.publicKey.pk)
            for test in group.tests {
                count += 1
                let isValid = verify(key, try Hex.decode(test.sig), try Hex.decode(test.msg))
                #expect(isValid == (test.result == "valid"), "\(test.tcId): \(test.comment)")
            }
        }
        #expect(count == file.numberOfTests)
    }

    struct WycheproofResults: Decodable { let libsodium_vs_donna_differ_tcIds: [Int] }

    /// The cases that a library without the bound on S accepts are refused here.
    @Test func wycheproofCasesThatSplitLibraries() throws {
        let results: WycheproofResults = try Vectors.json("ed25519/wycheproof_results_here.json")
        let file: Wycheproof = try Vectors.json("ed25519/wycheproof_ed25519_test.json")
        #expect(results.libsodium_vs_donna_differ_tcIds == [63, 85])
        for group in file.testGroups {
            for test in group.tests where results.libsodium_vs_donna_differ_tcIds.contains(test.tcId) {
                #expect(!verify(try Hex.decode(group.publicKey.pk), try Hex.decode(test.sig), try Hex.decode(test.msg)))
            }
        }
    }

    struct SpecCase: Decodable, Equatable { let message: String, pub_key: String, signature: String }
    struct SpecResults: Decodable { let published_rows: [String: String], measured_here: [String: String] }

    @Test func speccheck() throws {
        let cases: [SpecCase] = try Vectors.json("ed25519/speccheck_cases.json")
        let results: SpecResults = try Vectors.json("ed25519/speccheck_results.json")
        let row = try cases.map { row in
            verify(try Hex.decode(row.pub_key), try Hex.decode(row.signature), try Hex.decode(row.message)) ? "V" : "X"
        }.joined()
        #expect(row == "XXXVXXXXXXXX")
        #expect(row == results.published_rows["LibSodium"])
        #expect(row == results.measured_here["libsodium_1.0.18_debian"])

        var fields: [Substring: String] = [:]
        var fromText: [SpecCase] = []
        for line in try Vectors.text("ed25519/speccheck_cases.txt").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[parts[0]] = String(parts[1])
            guard parts[0] == "sig" else { continue }
            fromText.append(
                SpecCase(message: try #require(fields["msg"]), pub_key: try #require(fields["pbk"]), signature: String(parts[1])))
        }
        #expect(fromText == cases)
    }

    /// Lines `seed ‖ public : public : message : signature ‖ message :` of the authors' own test.
    @Test func signInput() throws {
        var count = 0
        for line in try Vectors.text("ed25519/sign.input").split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            try #require(fields.count == 5)
            let key = try Ed25519.PrivateKey(seed: Hex.decode(String(fields[0].prefix(64))))
            let message = try Hex.decode(String(fields[2]))
            let signature = key.sign(message)
            var good = key.publicKey.description == fields[1] && fields[0].dropFirst(64) == fields[1]
            good = good && signature.description + fields[2] == fields[3]
            good = good && key.publicKey.isValid(signature: signature, for: message)
            var forged = signature.bytes
            forged[count % 64] ^= 1 << UInt8(count % 8)
            good = good && !verify(key.publicKey.bytes, forged, message)
            #expect(good, "line \(count + 1)")
            count += 1
        }
        #expect(count == 1024)
    }

    @Test func smallOrderAndNonCanonicalKeysSignNothing() throws {
        let low: [UInt8] = [0xec, 0xed, 0xee, 0xef, 0xff]
        var points = low.map { [$0] + [UInt8](repeating: 0xff, count: 30) + [0x7f] }
        points += [[UInt8](repeating: 0, count: 32), [1] + [UInt8](repeating: 0, count: 31)]
        let key = Ed25519.PrivateKey.generate()
        let signature = key.sign([1, 2, 3]).bytes
        for point in points {
            for sign: UInt8 in [0, 0x80] {
                var encoded = point
                encoded[31] |= sign
                #expect(!verify(encoded, signature, [1, 2, 3]))
                #expect(!verify(encoded, encoded + [UInt8](repeating: 0, count: 32), [1, 2, 3]))
                #expect(!verify(key.publicKey.bytes, encoded + Array(signature[32...]), [1, 2, 3]))
                #expect(Ed25519.PublicKey(bytes: encoded)?.isWellFormed == false)
            }
        }
        #expect(key.publicKey.isWellFormed)
    }

    @Test func formsAndLengths() throws {
        let key = Ed25519.PrivateKey.generate()
        #expect(key.publicKey != Ed25519.PrivateKey.generate().publicKey)
        let hash = Keccak256.hash([1])
        let signature = key.sign(hash)
        #expect(signature == key.sign(hash.bytes))
        #expect(key.publicKey.isValid(signature: signature, for: hash))
        #expect(try Ed25519.Signature(decoding: signature.encoded) == signature)
        #expect(try Ed25519.PublicKey(decoding: key.publicKey.encoded) == key.publicKey)
        #expect(signature.encoded == signature.bytes && key.publicKey.encoded == key.publicKey.bytes)
        #expect(Ed25519.Signature(bytes: signature.bytes.dropLast()) == nil)
        #expect(Ed25519.PublicKey(bytes: signature.bytes) == nil)
        #expect(throws: DecodingFault.self) { try Ed25519.Signature(decoding: signature.bytes.dropLast()) }
        for count in [0, 31, 33] {
            #expect(throws: CryptoError.lengthOutOfRange("a seed", range: 32...32, actual: count)) {
                try Ed25519.PrivateKey(seed: [UInt8](repeating: 1, count: count))
            }
        }
        let long = [UInt8](repeating: 0, count: 256)
        #expect(throws: CryptoError.lengthOutOfRange("a context", range: 0...255, actual: 256)) {
            try key.sign([1], variant: .context(long))
        }
        #expect(!key.publicKey.isValid(signature: signature, for: [1], variant: .context(long)))
    }

    @Test func keysAreNotPrinted() throws {
        let seed = (0..<32).map { UInt8($0 + 0x40) }
        let key = try Ed25519.PrivateKey(seed: seed)
        #expect(key.withUnsafeSeed { Array($0) } == seed)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains("redacted"))
            #expect(!text.contains(Hex.encode(Array(seed.prefix(4)))))
            #expect(!text.contains("64, 65"))
        }
    }
}
