@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct SealedBoxTests {
    let cheap: SealedBox.Parameters
    init() throws { cheap = try SealedBox.Parameters(memoryKiB: 8, passes: 1) }

    @Test func opensWithItsPasswordOnly() throws {
        for plaintext in [[], [1], [UInt8](repeating: 9, count: 5000)] {
            for password in ["", "correct horse", "pässwörd"] {
                let sealed = try SealedBox.seal(plaintext, password: password, parameters: cheap)
                #expect(sealed.count == plaintext.count + SealedBox.overhead)
                #expect(try SealedBox.open(sealed, password: password) == plaintext)
                #expect(try SealedBox.openSecret(sealed, password: password) == SecretBytes(plaintext))
                #expect(throws: CryptoError.authenticationFailed) { try SealedBox.open(sealed, password: password + "!") }
            }
        }
        let secret = SecretBytes.random(64)
        let sealed = try SealedBox.seal(secret, password: "x", parameters: cheap)
        #expect(try SealedBox.openSecret(sealed, password: "x") == secret)
    }

    @Test func decomposedPasswordOpens() throws {
        let sealed = try SealedBox.seal([1, 2], password: "caf\u{e9}", parameters: cheap)
        #expect(try SealedBox.open(sealed, password: "cafe\u{301}") == [1, 2])
    }

    @Test func noTwoBoxesAreAlike() throws {
        let first = try SealedBox.seal([1], password: "x", parameters: cheap)
        let second = try SealedBox.seal([1], password: "x", parameters: cheap)
        #expect(first[16..<56] != second[16..<56])
        #expect(first[56...] != second[56...])
    }

    @Test func everyChangedBitIsFound() throws {
        let sealed = try SealedBox.seal([1, 2, 3], password: "x", parameters: cheap)
        for byte in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[byte] ^= 1 << UInt8(bit)
                // A changed cost may be one that is allowed and dear; those must fail too, but need not be computed.
                if (8..<16).contains(byte) {
                    guard let cost = try? SealedBox.parameters(of: changed), cost.memoryKiB > 4096 || cost.passes > 4
                    else {
                        #expect(throws: CryptoError.self) { try SealedBox.open(changed, password: "x") }
                        continue
                    }
                } else {
                    #expect(throws: CryptoError.self) { try SealedBox.open(changed, password: "x") }
                }
            }
        }
        for count in sealed.indices {
            #expect(throws: CryptoError.self) { try SealedBox.open(Array(sealed.prefix(count)), password: "x") }
        }
        #expect(throws: CryptoError.authenticationFailed) { try SealedBox.open(sealed + [0], password: "x") }
    }

    /// A file that asks for more memory or time than allowed is refused before any is spent.
    @Test func statedCostIsBounded() throws {
        let sealed = try SealedBox.seal([1], password: "x", parameters: cheap)
        func stating(memory: UInt32, passes: UInt32) -> [UInt8] {
            var writer = ByteWriter()
            writer.write(memory)
            writer.write(passes)
            return Array(sealed[..<8]) + writer.bytes + Array(sealed[16...])
        }
        for (memory, passes): (UInt32, UInt32) in [(0, 1), (7, 1), (1 << 20 + 1, 1), (.max, 1), (8, 0), (8, 17), (8, .max)] {
            let fault = #expect(throws: CryptoError.self) {
                try SealedBox.open(stating(memory: memory, passes: passes), password: "x")
            }
            guard case .parameterOutOfRange? = fault else { Issue.record("\(memory), \(passes): \(String(describing: fault))"); continue }
            #expect(throws: CryptoError.self) { try SealedBox.Parameters(memoryKiB: memory, passes: passes) }
        }
        #expect(try SealedBox.parameters(of: sealed) == cheap)
        var other = sealed
        other[7] = 2
        #expect(throws: CryptoError.sealedBoxVersionUnknown(2)) { try SealedBox.open(other, password: "x") }
        #expect(throws: CryptoError.notASealedBox) { try SealedBox.open([UInt8](repeating: 0, count: 200), password: "x") }
    }

    /// A box with the standard cost, once.
    @Test func standardCost() throws {
        let sealed = try SealedBox.seal([42], password: "x")
        #expect(try SealedBox.parameters(of: sealed) == .standard)
        #expect(try SealedBox.open(sealed, password: "x") == [42])
    }
}
