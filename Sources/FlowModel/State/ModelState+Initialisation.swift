public import FlowCrypto
public import FlowTensor

extension ModelState {
    /// The initial weights of Model.md: norm gains 1, everything else uniform from Philox4x32-10 under `seed`.
    public convenience init(
        initialising configuration: ModelConfiguration, seed: UInt64, pool: ThreadPool = .single
    ) {
        self.init(configuration, zeroed: false)
        let count = configuration.parameterCount
        let runLength = 65_536
        let target = base
        pool.run((count + runLength - 1) / runLength) { run in
            let first = run * runLength
            Self.fillInitial(
                configuration, seed: seed, range: first..<min(first + runLength, count), into: target + first)
        }
    }

    /// The root of the initial weights, leaf by leaf, without memory for the state: a network's genesis modelRoot.
    public static func initialRoot(
        _ configuration: ModelConfiguration, seed: UInt64, pool: ThreadPool = .single
    ) -> Hash256 {
        let count = configuration.parameterCount
        let leafElements = BulkMerkleTree.leafLength / 4
        let leafCount = (count + leafElements - 1) / leafElements
        let leaves = [Hash256](unsafeUninitializedCapacity: leafCount) { leaves, initialised in
            // Each task writes its own leaf.
            nonisolated(unsafe) let target = leaves
            pool.run(leafCount) { leaf in
                let first = leaf * leafElements
                let elements = min(leafElements, count - first)
                withUnsafeTemporaryAllocation(of: Float.self, capacity: elements) { buffer in
                    if let base = buffer.baseAddress {
                        fillInitial(configuration, seed: seed, range: first..<first + elements, into: base)
                    }
                    target.initializeElement(at: leaf, to: BulkMerkleTree.leafHash(UnsafeRawBufferPointer(buffer)))
                }
            }
            initialised = leafCount
        }
        return BulkMerkleTree.root(leaves: leaves)
    }

    /// The initial weights of a run of the state.
    private static func fillInitial(
        _ configuration: ModelConfiguration, seed: UInt64, range: Range<Int>, into target: UnsafeMutablePointer<Float>
    ) {
        let key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        for (number, tensor) in configuration.tensors.enumerated() {
            let part = tensor.range.clamped(to: range)
            if part.isEmpty { continue }
            let out = target + (part.lowerBound - range.lowerBound)
            guard let divisor = tensor.initialDivisor else {
                out.update(repeating: 1, count: part.count)
                continue
            }
            let limit = initialRange(divisor: divisor)
            // Elements of the tensor, taken from blocks of four words.
            let first = part.lowerBound - tensor.offset, end = part.upperBound - tensor.offset
            for block in first / 4..<(end + 3) / 4 {
                let words = Philox.block(
                    counter: (
                        UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32),
                        UInt32(truncatingIfNeeded: number), 0
                    ), key: key)
                let e = block * 4
                if e >= first, e < end { out[e - first] = initialWeight(words.0, limit) }
                if e + 1 >= first, e + 1 < end { out[e + 1 - first] = initialWeight(words.1, limit) }
                if e + 2 >= first, e + 2 < end { out[e + 2 - first] = initialWeight(words.2, limit) }
                if e + 3 >= first, e + 3 < end { out[e + 3 - first] = initialWeight(words.3, limit) }
            }
        }
    }

    /// R = isqrt(⌊3·2^40 / D⌋): weights start uniform in ±R units, so with variance 1/D.
    private static func initialRange(divisor: Int) -> UInt64 {
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
