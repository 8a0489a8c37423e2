import FlowCrypto
import FlowEncoding
import Testing

@Suite struct HMACSHA256Tests {
    /// RFC 4231, test cases 1, 2 and 6; the last, of an empty key and an empty message, is Python's.
    @Test(arguments: [
        ([UInt8](repeating: 0x0b, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ([UInt8](repeating: 0xaa, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ] as [([UInt8], String, String)])
    func outsideVectors(_ key: [UInt8], _ message: String, _ code: String) {
        #expect(Hex.encode(HMACSHA256.authenticate(Array(message.utf8), key: key)) == code)
    }

    @Test func eachBitCounts() {
        let (key, message) = ([UInt8]("key".utf8), [UInt8]("message".utf8))
        let code = HMACSHA256.authenticate(message, key: key)
        for bit in 0..<8 {
            var other = message, otherKey = key
            other[bit % other.count] ^= 1 << bit
            otherKey[bit % otherKey.count] ^= 1 << bit
            #expect(HMACSHA256.authenticate(other, key: key) != code)
            #expect(HMACSHA256.authenticate(message, key: otherKey) != code)
        }
    }
}
