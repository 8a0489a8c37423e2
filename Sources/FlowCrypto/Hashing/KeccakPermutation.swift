/// The permutation Keccak-f[1600] (FIPS 202, section 3.2) on 25 lanes; lane (x, y) stands at x + 5·y.
///
/// Two rounds a turn, all lanes in local variables: `a` lanes become `e` lanes and back, so that nothing is moved.
/// For each lane, θ gives `d`, ρ and π give `b`, χ and ι give the next lane.
enum KeccakPermutation {
    private static let constants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
        0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    @inline(__always) private static func rotate(_ lane: UInt64, _ count: UInt64) -> UInt64 {
        (lane &<< count) | (lane &>> (64 &- count))
    }

    /// Permutes the 25 lanes in place.
    static func apply(_ lanes: UnsafeMutablePointer<UInt64>) {
        var round = 0
        var a0 = lanes[0]
        var a1 = lanes[1]
        var a2 = lanes[2]
        var a3 = lanes[3]
        var a4 = lanes[4]
        var a5 = lanes[5]
        var a6 = lanes[6]
        var a7 = lanes[7]
        var a8 = lanes[8]
        var a9 = lanes[9]
        var a10 = lanes[10]
        var a11 = lanes[11]
        var a12 = lanes[12]
        var a13 = lanes[13]
        var a14 = lanes[14]
        var a15 = lanes[15]
        var a16 = lanes[16]
        var a17 = lanes[17]
        var a18 = lanes[18]
        var a19 = lanes[19]
        var a20 = lanes[20]
        var a21 = lanes[21]
        var a22 = lanes[22]
        var a23 = lanes[23]
        var a24 = lanes[24]
        while round < 24 {
            let c0a = a0 ^ a5 ^ a10 ^ a15 ^ a20
            let c1a = a1 ^ a6 ^ a11 ^ a16 ^ a21
            let c2a = a2 ^ a7 ^ a12 ^ a17 ^ a22
            let c3a = a3 ^ a8 ^ a13 ^ a18 ^ a23
            let c4a = a4 ^ a9 ^ a14 ^ a19 ^ a24
            let d0a = c4a ^ rotate(c1a, 1)
            let d1a = c0a ^ rotate(c2a, 1)
            let d2a = c1a ^ rotate(c3a, 1)
            let d3a = c2a ^ rotate(c4a, 1)
            let d4a = c3a ^ rotate(c0a, 1)
            let b0a = a0 ^ d0a
            let b1a = rotate(a6 ^ d1a, 44)
            let b2a = rotate(a12 ^ d2a, 43)
            let b3a = rotate(a18 ^ d3a, 21)
            let b4a = rotate(a24 ^ d4a, 14)
            let e0 = b0a ^ (~b1a & b2a) ^ constants[round]
            let e1 = b1a ^ (~b2a & b3a)
            let e2 = b2a ^ (~b3a & b4a)
            let e3 = b3a ^ (~b4a & b0a)
            let e4 = b4a ^ (~b0a & b1a)
            let b5a = rotate(a3 ^ d3a, 28)
            let b6a = rotate(a9 ^ d4a, 20)
            let b7a = rotate(a10 ^ d0a, 3)
            let b8a = rotate(a16 ^ d1a, 45)
            let b9a = rotate(a22 ^ d2a, 61)
            let e5 = b5a ^ (~b6a & b7a)
            let e6 = b6a ^ (~b7a & b8a)
            let e7 = b7a ^ (~b8a & b9a)
            let e8 = b8a ^ (~b9a & b5a)
            let e9 = b9a ^ (~b5a & b6a)
            let b10a = rotate(a1 ^ d1a, 1)
            let b11a = rotate(a7 ^ d2a, 6)
            let b12a = rotate(a13 ^ d3a, 25)
            let b13a = rotate(a19 ^ d4a, 8)
            let b14a = rotate(a20 ^ d0a, 18)
            let e10 = b10a ^ (~b11a & b12a)
            let e11 = b11a ^ (~b12a & b13a)
            let e12 = b12a ^ (~b13a & b14a)
            let e13 = b13a ^ (~b14a & b10a)
            let e14 = b14a ^ (~b10a & b11a)
            let b15a = rotate(a4 ^ d4a, 27)
            let b16a = rotate(a5 ^ d0a, 36)
            let b17a = rotate(a11 ^ d1a, 10)
            let b18a = rotate(a17 ^ d2a, 15)
            let b19a = rotate(a23 ^ d3a, 56)
            let e15 = b15a ^ (~b16a & b17a)
            let e16 = b16a ^ (~b17a & b18a)
            let e17 = b17a ^ (~b18a & b19a)
            let e18 = b18a ^ (~b19a & b15a)
            let e19 = b19a ^ (~b15a & b16a)
            let b20a = rotate(a2 ^ d2a, 62)
            let b21a = rotate(a8 ^ d3a, 55)
            let b22a = rotate(a14 ^ d4a, 39)
            let b23a = rotate(a15 ^ d0a, 41)
            let b24a = rotate(a21 ^ d1a, 2)
            let e20 = b20a ^ (~b21a & b22a)
            let e21 = b21a ^ (~b22a & b23a)
            let e22 = b22a ^ (~b23a & b24a)
            let e23 = b23a ^ (~b24a & b20a)
            let e24 = b24a ^ (~b20a & b21a)
            let c0e = e0 ^ e5 ^ e10 ^ e15 ^ e20
            let c1e = e1 ^ e6 ^ e11 ^ e16 ^ e21
            let c2e = e2 ^ e7 ^ e12 ^ e17 ^ e22
            let c3e = e3 ^ e8 ^ e13 ^ e18 ^ e23
            let c4e = e4 ^ e9 ^ e14 ^ e19 ^ e24
            let d0e = c4e ^ rotate(c1e, 1)
            let d1e = c0e ^ rotate(c2e, 1)
            let d2e = c1e ^ rotate(c3e, 1)
            let d3e = c2e ^ rotate(c4e, 1)
            let d4e = c3e ^ rotate(c0e, 1)
            let b0e = e0 ^ d0e
            let b1e = rotate(e6 ^ d1e, 44)
            let b2e = rotate(e12 ^ d2e, 43)
            let b3e = rotate(e18 ^ d3e, 21)
            let b4e = rotate(e24 ^ d4e, 14)
            a0 = b0e ^ (~b1e & b2e) ^ constants[round &+ 1]
            a1 = b1e ^ (~b2e & b3e)
            a2 = b2e ^ (~b3e & b4e)
            a3 = b3e ^ (~b4e & b0e)
            a4 = b4e ^ (~b0e & b1e)
            let b5e = rotate(e3 ^ d3e, 28)
            let b6e = rotate(e9 ^ d4e, 20)
            let b7e = rotate(e10 ^ d0e, 3)
            let b8e = rotate(e16 ^ d1e, 45)
            let b9e = rotate(e22 ^ d2e, 61)
            a5 = b5e ^ (~b6e & b7e)
            a6 = b6e ^ (~b7e & b8e)
            a7 = b7e ^ (~b8e & b9e)
            a8 = b8e ^ (~b9e & b5e)
            a9 = b9e ^ (~b5e & b6e)
            let b10e = rotate(e1 ^ d1e, 1)
            let b11e = rotate(e7 ^ d2e, 6)
            let b12e = rotate(e13 ^ d3e, 25)
            let b13e = rotate(e19 ^ d4e, 8)
            let b14e = rotate(e20 ^ d0e, 18)
            a10 = b10e ^ (~b11e & b12e)
            a11 = b11e ^ (~b12e & b13e)
            a12 = b12e ^ (~b13e & b14e)
            a13 = b13e ^ (~b14e & b10e)
            a14 = b14e ^ (~b10e & b11e)
            let b15e = rotate(e4 ^ d4e, 27)
            let b16e = rotate(e5 ^ d0e, 36)
            let b17e = rotate(e11 ^ d1e, 10)
            let b18e = rotate(e17 ^ d2e, 15)
            let b19e = rotate(e23 ^ d3e, 56)
            a15 = b15e ^ (~b16e & b17e)
            a16 = b16e ^ (~b17e & b18e)
            a17 = b17e ^ (~b18e & b19e)
            a18 = b18e ^ (~b19e & b15e)
            a19 = b19e ^ (~b15e & b16e)
            let b20e = rotate(e2 ^ d2e, 62)
            let b21e = rotate(e8 ^ d3e, 55)
            let b22e = rotate(e14 ^ d4e, 39)
            let b23e = rotate(e15 ^ d0e, 41)
            let b24e = rotate(e21 ^ d1e, 2)
            a20 = b20e ^ (~b21e & b22e)
            a21 = b21e ^ (~b22e & b23e)
            a22 = b22e ^ (~b23e & b24e)
            a23 = b23e ^ (~b24e & b20e)
            a24 = b24e ^ (~b20e & b21e)
            round &+= 2
        }
        lanes[0] = a0
        lanes[1] = a1
        lanes[2] = a2
        lanes[3] = a3
        lanes[4] = a4
        lanes[5] = a5
        lanes[6] = a6
        lanes[7] = a7
        lanes[8] = a8
        lanes[9] = a9
        lanes[10] = a10
        lanes[11] = a11
        lanes[12] = a12
        lanes[13] = a13
        lanes[14] = a14
        lanes[15] = a15
        lanes[16] = a16
        lanes[17] = a17
        lanes[18] = a18
        lanes[19] = a19
        lanes[20] = a20
        lanes[21] = a21
        lanes[22] = a22
        lanes[23] = a23
        lanes[24] = a24
    }
}
