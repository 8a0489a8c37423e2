@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct KeyDerivationFunctionTests {
    struct HMACFile: Decodable {
        struct Group: Decodable {
            struct Test: Decodable { let tcId: Int, comment: String, key: String, msg: String, tag: String, result: String }
            let tagSize: Int, tests: [Test]
        }
        let numberOfTests: Int, testGroups: [Group]
    }

    @Test func wycheproofHMAC() throws {
        let file: HMACFile = try Vectors.json("bip39_slip10_kdf/wycheproof_hmac_sha512_test.json")
        var count = 0
        for group in file.testGroups {
            for test in group.tests {
                count += 1
                let (key, message, tag) = (try Hex.decode(test.key), try Hex.decode(test.msg), try Hex.decode(test.tag))
                #expect(tag.count * 8 == group.tagSize)
                let isValid = HMACSHA512.isValid(tag, for: message, key: key)
                #expect(isValid == (test.result == "valid"), "\(test.tcId): \(test.comment)")
                if isValid { #expect(HMACSHA512.authenticate(message, key: key).starts(with: tag)) }
            }
        }
        #expect(count == file.numberOfTests)
        #expect(!HMACSHA512.isValid([], for: [], key: []))
        #expect(!HMACSHA512.isValid([UInt8](repeating: 0, count: 65), for: [], key: []))
    }

    struct PBKDF2File: Decodable {
        struct Group: Decodable {
            struct Test: Decodable {
                let tcId: Int, password: String, salt: String, iterationCount: Int, dkLen: Int, dk: String, result: String
            }
            let tests: [Test]
        }
        let numberOfTests: Int, testGroups: [Group]
    }

    @Test func wycheproofPBKDF2() throws {
        let file: PBKDF2File = try Vectors.json("bip39_slip10_kdf/wycheproof_pbkdf2_hmacsha512_test.json")
        var count = 0
        for test in file.testGroups.flatMap(\.tests) {
            count += 1
            let key = try PBKDF2.deriveKey(
                password: Hex.decode(test.password), salt: Hex.decode(test.salt), iterations: test.iterationCount,
                length: test.dkLen)
            #expect((Hex.encode(key.copyToArray()) == test.dk) == (test.result == "valid"), "\(test.tcId)")
        }
        #expect(count == file.numberOfTests)
    }

    @Test func parametersOutsideAreRefused() {
        for iterations in [Int.min, -1, 0, 1 << 32] {
            #expect(throws: CryptoError.self) { try PBKDF2.deriveKey(password: [], salt: [], iterations: iterations, length: 64) }
        }
        for length in [-1, 0, 65_537] {
            #expect(throws: CryptoError.lengthOutOfRange("a key", range: 1...65_536, actual: length)) {
                try PBKDF2.deriveKey(password: [], salt: [], iterations: 1, length: length)
            }
        }
    }
}
