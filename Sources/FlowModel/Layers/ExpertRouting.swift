internal import FlowTensor

/// Which two experts each token went to, and the tokens of each expert: slots ordered by expert, then by token.
final class ExpertRouting {
    private let expertCount: Int
    /// First slot of each expert, and the end: X + 1 numbers.
    let first: FixedBuffer<Int32>
    /// Token of each slot: 2T numbers.
    let tokens: FixedBuffer<Int32>
    /// The two experts of each token, the lower index first.
    let chosen: FixedBuffer<Int32>
    /// The two slots of each token, in the same order.
    let slots: FixedBuffer<Int32>
    /// The two weights of each token, in the same order.
    let weights: FixedBuffer<Float>
    private let next: FixedBuffer<Int32>

    init(expertCount: Int, tokens count: Int) {
        self.expertCount = expertCount
        first = FixedBuffer(expertCount + 1)
        tokens = FixedBuffer(2 * count)
        chosen = FixedBuffer(2 * count)
        slots = FixedBuffer(2 * count)
        weights = FixedBuffer<Float>(2 * count)
        next = FixedBuffer(expertCount)
    }

    /// Slots of expert e.
    @inline(__always)
    func range(_ e: Int) -> Range<Int> { Int(first.pointer[e])..<Int(first.pointer[e + 1]) }

    /// The two largest of the logits, ties to the lower index, in ascending index.
    @inline(__always)
    static func topTwo(_ z: UnsafePointer<Float>, _ count: Int) -> (Int32, Int32) {
        var best = 0, second = -1
        for e in 1..<count {
            if z[e] > z[best] {
                second = best
                best = e
            } else if second < 0 || z[e] > z[second] {
                second = e
            }
        }
        return best < second ? (Int32(best), Int32(second)) : (Int32(second), Int32(best))
    }

    /// Orders the slots once `chosen` is filled.
    func arrange(tokens count: Int) {
        let first = first.pointer, next = next.pointer
        first.update(repeating: 0, count: expertCount + 1)
        for choice in 0..<2 * count { first[Int(chosen.pointer[choice]) + 1] += 1 }
        for e in 0..<expertCount {
            first[e + 1] += first[e]
            next[e] = first[e]
        }
        for choice in 0..<2 * count {
            let e = Int(chosen.pointer[choice])
            slots.pointer[choice] = next[e]
            tokens.pointer[Int(next[e])] = Int32(choice / 2)
            next[e] += 1
        }
    }
}
