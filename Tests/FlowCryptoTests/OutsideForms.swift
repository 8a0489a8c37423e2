@testable import FlowCrypto

/// Forms of other systems that stand in the vectors of BIP-39 and SLIP-0010 and that no library here needs.
enum OutsideForms {
    static func base58Check(_ body: [UInt8]) -> String {
        let bytes = body + SHA256.hash(SHA256.hash(body)).prefix(4)
        let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
        var digits: [Int] = []
        for byte in bytes {
            var carry = Int(byte)
            for place in digits.indices {
                carry += digits[place] << 8
                digits[place] = carry % 58
                carry /= 58
            }
            while carry > 0 {
                digits.append(carry % 58)
                carry /= 58
            }
        }
        let zeros = bytes.prefix { $0 == 0 }.map { _ in alphabet[0] }
        return String(decoding: zeros + digits.reversed().map { alphabet[$0] }, as: UTF8.self)
    }

    static func hash160(_ bytes: [UInt8]) -> [UInt8] { ripemd160(SHA256.hash(bytes)) }

    /// RIPEMD-160 after the authors' description.
    static func ripemd160(_ message: [UInt8]) -> [UInt8] {
        let permutation = [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8]
        let leftWords = (1..<5).reduce(into: [Array(0..<16)]) { words, _ in
            words.append(words[words.count - 1].map { permutation[$0] })
        }
        let rightWords = (1..<5).reduce(into: [(0..<16).map { (9 * $0 + 5) % 16 }]) { words, _ in
            words.append(words[words.count - 1].map { permutation[$0] })
        }
        let shifts: [[UInt32]] = [
            [11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8],
            [12, 13, 11, 15, 6, 9, 9, 7, 12, 15, 11, 13, 7, 8, 7, 7],
            [13, 15, 14, 11, 7, 7, 6, 8, 13, 14, 13, 12, 5, 5, 6, 9],
            [14, 11, 12, 14, 8, 6, 5, 5, 15, 12, 15, 14, 9, 9, 8, 6],
            [15, 12, 13, 13, 9, 5, 8, 6, 14, 11, 12, 11, 8, 6, 5, 5],
        ]
        let leftConstants: [UInt32] = [0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e]
        let rightConstants: [UInt32] = [0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0]
        func mix(_ round: Int, _ x: UInt32, _ y: UInt32, _ z: UInt32) -> UInt32 {
            switch round {
            case 0: x ^ y ^ z
            case 1: (x & y) | (~x & z)
            case 2: (x | ~y) ^ z
            case 3: (x & z) | (y & ~z)
            default: x ^ (y | ~z)
            }
        }
        func rotate(_ x: UInt32, _ count: UInt32) -> UInt32 { x << count | x >> (32 - count) }

        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        withUnsafeBytes(of: UInt64(message.count * 8).littleEndian) { padded.append(contentsOf: $0) }
        var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
        for block in stride(from: 0, to: padded.count, by: 64) {
            let words: [UInt32] = padded.withUnsafeBytes { raw in
                (0..<16).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: block + $0 * 4, as: UInt32.self)) }
            }
            func line(_ order: [[Int]], _ constants: [UInt32], mixes: (Int) -> Int) -> [UInt32] {
                var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
                for round in 0..<5 {
                    for step in 0..<16 {
                        let word = order[round][step]
                        let sum = a &+ mix(mixes(round), b, c, d) &+ words[word] &+ constants[round]
                        let next = rotate(sum, shifts[round][word]) &+ e
                        (a, e, d, c, b) = (e, d, rotate(c, 10), b, next)
                    }
                }
                return [a, b, c, d, e]
            }
            let left = line(leftWords, leftConstants) { $0 }
            let right = line(rightWords, rightConstants) { 4 - $0 }
            let old = state
            for place in 0..<5 {
                state[place] = old[(place + 1) % 5] &+ left[(place + 2) % 5]
                state[place] &+= right[(place + 3) % 5]
            }
        }
        var digest: [UInt8] = []
        for word in state { withUnsafeBytes(of: word.littleEndian) { digest.append(contentsOf: $0) } }
        return digest
    }
}
