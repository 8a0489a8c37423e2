/// SHA-256, only so that transcripts of a Bitcoin-like node can be read with their own checksums.
enum SHA256 {
    private static let primes: [Int] = (2...311).filter { n in !(2..<n).contains { $0 * $0 <= n && n % $0 == 0 } }

    /// The first 32 bits of the fractional part of the `root`-th root (2 or 3) of a prime.
    private static func fraction(_ prime: Int, root: Int) -> UInt32 {
        // Integer root of prime · 2^(32·root), by bisection on wide products.
        var low: UInt64 = 0, high: UInt64 = 1 << 40
        while low + 1 < high {
            let middle = (low + high) / 2
            if power(middle, root, isAtMost: prime) { low = middle } else { high = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    private static func power(_ base: UInt64, _ root: Int, isAtMost prime: Int) -> Bool {
        let square = base.multipliedFullWidth(by: base)
        if root == 2 { return square.high < UInt64(prime) || (square.high == UInt64(prime) && square.low == 0) }
        // square · base ≤ prime · 2^96, as three 64-bit digits
        let low = square.low.multipliedFullWidth(by: base), high = square.high.multipliedFullWidth(by: base)
        let (middle, carry) = low.high.addingReportingOverflow(high.low)
        let top = high.high + (carry ? 1 : 0)
        let limitTop = UInt64(prime) >> 32, limitMiddle = UInt64(prime) << 32
        return top < limitTop || (top == limitTop && (middle < limitMiddle || (middle == limitMiddle && low.low == 0)))
    }

    private static let constants: [UInt32] = primes.prefix(64).map { fraction($0, root: 3) }
    private static let start: [UInt32] = primes.prefix(8).map { fraction($0, root: 2) }

    static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x80]
        padded += [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
        padded += withUnsafeBytes(of: UInt64(message.count * 8).bigEndian) { Array($0) }
        var state = start
        func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
        for block in stride(from: 0, to: padded.count, by: 64) {
            var w = (0..<16).map { i in padded[(block + 4 * i)..<(block + 4 * i + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
            for i in 16..<64 {
                let a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >> 3)
                let b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >> 10)
                w.append(w[i - 16] &+ a &+ w[i - 7] &+ b)
            }
            var v = state
            for i in 0..<64 {
                let s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)
                let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
                let first = v[7] &+ s1 &+ choice &+ constants[i] &+ w[i]
                let s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)
                let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
                v = [first &+ s0 &+ majority, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
            }
            for i in 0..<8 { state[i] = state[i] &+ v[i] }
        }
        return state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    }
}
