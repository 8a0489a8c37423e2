import FlowConsensus
import FlowCrypto
import FlowEncoding
import TestSupport
import Testing

@Suite struct MessageSignatureTests {
    private struct Vector: Decodable {
        struct Case: Decodable { let message, seed, program, hash, signature: String }
        let genesisHash: String
        let cases: [Case]
    }

    @Test func signaturesAreThoseOfTheVector() throws {
        let vector = try Vectors.json("flow/chain-messages.json", as: Vector.self)
        let genesis = try #require(Hash256(bytes: Hex.decode(vector.genesisHash)))
        for one in vector.cases {
            let key = try Ed25519.PrivateKey(seed: Hex.decode(one.seed))
            let program = LockProgram(version: 0, bytes: try Hex.decode(one.program))
            let signature = MessageSignature(signing: one.message, with: key, genesisHash: genesis)
            #expect(signature.description == one.signature)
            let read = try MessageSignature(one.signature)
            #expect(read == signature)
            #expect(read.isValid(for: one.message, by: program, genesisHash: genesis))
            #expect(!read.isValid(for: one.message + " ", by: program, genesisHash: genesis))
            #expect(!read.isValid(for: one.message, by: program, genesisHash: .zero), "another network's")
            #expect(!read.isValid(for: one.message, by: LockProgram(version: 0, bytes: [UInt8](repeating: 1, count: 20)), genesisHash: genesis))
        }
    }

    @Test func eachBitCounts() throws {
        let key = Ed25519.PrivateKey.generate()
        let program = LockProgram(publicKey: key.publicKey)
        let good = try Base64.decode(MessageSignature(signing: "m", with: key, genesisHash: .zero).description)
        for bit in 0..<good.count * 8 {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try !MessageSignature(Base64.encode(bytes)).isValid(for: "m", by: program, genesisHash: .zero))
        }
        for length in [0, 1, 95, 97, 128] {
            #expect(throws: DecodingFault.self) { try MessageSignature(Base64.encode([UInt8](repeating: 0, count: length))) }
        }
        #expect(throws: DecodingFault.self) { try MessageSignature("no base64") }
    }
}
