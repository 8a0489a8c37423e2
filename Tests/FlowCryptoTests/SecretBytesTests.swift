@testable import FlowCrypto
import Testing

struct SecretBytesTests {
    struct Refusal: Error {}

    @Test func holdsAndCompares() {
        let bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(bytes)
        #expect(secret.count == 3)
        #expect(secret.copyToArray() == bytes)
        #expect(secret == bytes.withUnsafeBytes { SecretBytes(copying: $0) })
        #expect(secret != SecretBytes([1, 2]))
        #expect(secret != SecretBytes([1, 2, 4]))
        #expect(SecretBytes([]) == SecretBytes(count: -1) { _ in })
        #expect(SecretBytes.random(32) != SecretBytes.random(32))
        #expect(SecretBytes.random(0).count == 0)
        #expect(SecretBytes.random(-1).count == 0)
    }

    @Test func startsAsZerosAndPassesErrorsOn() {
        #expect(SecretBytes(count: 40) { _ in }.copyToArray() == [UInt8](repeating: 0, count: 40))
        #expect(throws: Refusal.self) { try SecretBytes(count: 4) { _ in throw Refusal() } }
        #expect(throws: Refusal.self) { try SecretBytes([1]).withUnsafeBytes { _ in throw Refusal() } }
    }

    @Test func isNotPrinted() {
        let secret = SecretBytes([201, 202, 203])
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] {
            #expect(text.contains("redacted") && !text.contains("201"))
        }
    }

    @Test func wipes() {
        var bytes: [UInt8] = [1, 2, 3]
        SecretBytes.wipe(&bytes)
        #expect(bytes == [0, 0, 0])
        var none: [UInt8] = []
        SecretBytes.wipe(&none)
        #expect(none.isEmpty)
    }

    /// Memory for many secrets at once: the fallback without guard pages serves when the limit is reached.
    @Test func manyAtOnce() {
        let secrets = (0..<2000).map { SecretBytes([UInt8(truncatingIfNeeded: $0)]) }
        #expect(secrets.enumerated().allSatisfy { $1.copyToArray() == [UInt8(truncatingIfNeeded: $0)] })
    }

    @Test func randomBytes() {
        #expect(SecureRandom.bytes(32).count == 32)
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(SecureRandom.bytes(0).isEmpty && SecureRandom.bytes(-5).isEmpty)
    }

    @Test func errorsSayTheWayOut() {
        let errors: [CryptoError] = [
            .lengthOutOfRange("a seed", range: 32...32, actual: 3), .lengthOutOfRange("a key", range: 0...64, actual: 65),
            .parameterOutOfRange("passes", range: 1...16, actual: 17), .memoryRefused(bytes: 9), .notASealedBox,
            .sealedBoxVersionUnknown(3), .authenticationFailed,
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors[0].description == "expected a seed of 32 bytes, got 3")
        #expect(errors[1].description == "expected a key of 0 to 64 bytes, got 65")
        let derivation: [DerivationError] = [
            .seedLengthInvalid(3), .pathInvalid("x"), .notHardened("1"), .indexOutOfRange(1 << 31), .pathTooLong(300),
        ]
        #expect(Set(derivation.map(\.description)).count == derivation.count)
    }
}
