public import FlowTensor

extension ModelState {
    /// The initial weights of Model.md: norm gains 1, everything else uniform from Philox4x32-10 under `seed`.
    public convenience init(
        initialising configuration: ModelConfiguration, seed: UInt64, pool: ThreadPool = .single
    ) {
        self.init(configuration, zeroed: false)
        let key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        for (number, tensor) in configuration.tensors.enumerated() {
            guard let divisor = tensor.initialDivisor else {
                (base + tensor.offset).update(repeating: 1, count: tensor.count)
                continue
            }
            let target = base + tensor.offset
            let count = tensor.count
            let range = Self.initialRange(divisor: divisor)
            let blocks = (count + 3) / 4
            let runLength = 65_536
            pool.run((blocks + runLength - 1) / runLength) { run in
                for block in run * runLength..<min((run + 1) * runLength, blocks) {
                    let counter = (
                        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
                        UInt32(truncatingIfNeeded: number), UInt32(0)
                    )
                    let words = Philox.block(counter: counter, key: key)
                    let first = block * 4
                    target[first] = Self.initialWeight(words.0, range)
                    if first + 1 < count { target[first + 1] = Self.initialWeight(words.1, range) }
                    if first + 2 < count { target[first + 2] = Self.initialWeight(words.2, range) }
                    if first + 3 < count { target[first + 3] = Self.initialWeight(words.3, range) }
                }
            }
        }
    }

    /// R = isqrt(⌊3·2^40 / D⌋), at most 2^22: weights start uniform in ±R units, so with variance 1/D.
    static func initialRange(divisor: Int) -> UInt64 {
        let square = (UInt64(3) << 40) / UInt64(max(divisor, 1))
        var root = UInt64(Double(square).squareRoot())
        while root * root > square { root -= 1 }
        while (root + 1) * (root + 1) <= square { root += 1 }
        return root
    }

    @inline(__always)
    private static func initialWeight(_ word: UInt32, _ range: UInt64) -> Float {
        let units = Int64((UInt64(word) &* (2 * range + 1)) >> 32) - Int64(range)
        return Float(units) * gridUnit
    }
}
