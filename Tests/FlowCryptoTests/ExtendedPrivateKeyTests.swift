@testable import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

struct ExtendedPrivateKeyTests {
    struct Vector: Decodable {
        struct Chain: Decodable {
            let path: String, fingerprint: String, chain_code: String, `private`: String, `public`: String
        }
        let seed: String, chains: [Chain]
    }

    @Test func slip10Vectors() throws {
        let vectors: [Vector] = try Vectors.json("bip39_slip10_kdf/slip10_ed25519.json")
        #expect(vectors.count == 2)
        for vector in vectors {
            let master = try ExtendedPrivateKey(seed: Hex.decode(vector.seed))
            #expect(vector.chains.count == 6)
            for chain in vector.chains {
                let key = try master.derive(path: chain.path)
                #expect(Hex.encode(key.chainCode.copyToArray()) == chain.chain_code)
                #expect(key.privateKey.withUnsafeSeed { Hex.encode(Array($0)) } == chain.private)
                #expect("00" + key.privateKey.publicKey.description == chain.public)
                #expect(key.depth == chain.path.split(separator: "/").count - 1)
                // The fingerprint is the parent's, 0 for the master key.
                let parentPath = chain.path.split(separator: "/").dropLast().joined(separator: "/")
                guard !parentPath.isEmpty else { #expect(chain.fingerprint == "00000000"); continue }
                let parent = try master.derive(path: parentPath).privateKey.publicKey
                #expect(Hex.encode(OutsideForms.hash160([0] + parent.bytes)[..<4]) == chain.fingerprint)
            }
        }
    }

    @Test func formsOfPaths() throws {
        let master = try ExtendedPrivateKey(seed: [UInt8](repeating: 7, count: 64))
        let key = try master.derive(path: "m/44'/9555'/0'/1'/2'")
        #expect(try master.derive(path: "m/44h/9555H/0'/1h/2'").privateKey.publicKey == key.privateKey.publicKey)
        let stepwise = try [44, 9555, 0, 1, 2].reduce(master) { try $0.derive(index: $1) }
        #expect(stepwise.privateKey.publicKey == key.privateKey.publicKey)
        #expect(try master.derive(path: "m").privateKey.publicKey == master.privateKey.publicKey)
    }

    @Test func rejects() throws {
        let master = try ExtendedPrivateKey(seed: [UInt8](repeating: 7, count: 16))
        for path in ["", "44'", "/44'", "M/1'", "m/", "m//1'", "m/a'", "m/-1'", "m/1''", "m/1' ", "m/１'"] {
            #expect(throws: DerivationError.self, "\(path)") { try master.derive(path: path) }
        }
        #expect(throws: DerivationError.notHardened("0")) { try master.derive(path: "m/44'/0") }
        #expect(throws: DerivationError.indexOutOfRange(2_147_483_648)) { try master.derive(path: "m/2147483648'") }
        #expect(throws: DerivationError.indexOutOfRange(1 << 40)) { try master.derive(path: "m/1099511627776'") }
        #expect(throws: DerivationError.indexOutOfRange(.max)) { try master.derive(path: "m/99999999999999999999'") }
        #expect(throws: DerivationError.indexOutOfRange(0x8000_0001)) { try master.publicKeys(0x7fff_ffff..<0x8000_0001) }
        #expect(throws: DerivationError.indexOutOfRange(0x8000_0000)) { try master.derive(index: 0x8000_0000) }
        #expect(throws: DerivationError.pathTooLong(256)) {
            try master.derive(path: "m" + String(repeating: "/1'", count: 256))
        }
        for count in [0, 15, 65] {
            #expect(throws: DerivationError.seedLengthInvalid(count)) {
                try ExtendedPrivateKey(seed: [UInt8](repeating: 0, count: count))
            }
        }
    }

    @Test func isNotPrinted() throws {
        let key = try ExtendedPrivateKey(seed: [UInt8](repeating: 7, count: 16))
        let secret = key.privateKey.withUnsafeSeed { Hex.encode(Array($0)) }
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] {
            #expect(text.contains("redacted") && !text.contains(secret))
        }
    }

    @Test func publicKeysOfManyChildrenAreThoseOfEach() throws {
        let parent = try ExtendedPrivateKey(seed: [UInt8](0..<32)).derive(path: "m/44'/9555'/0'/1'")
        for indices in [0..<40, 7..<7, 0x7fff_fffd..<0x8000_0000] as [Range<UInt32>] {
            #expect(try parent.publicKeys(indices) == indices.map { try parent.derive(index: $0).privateKey.publicKey })
        }
    }
}
