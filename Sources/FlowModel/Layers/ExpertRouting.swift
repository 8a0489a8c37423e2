internal import FlowTensor

/// Which two experts each token went to, and the tokens of each expert: slots ordered by expert, then by token.
final class ExpertRouting {
    private let expertCount: Int
    /// First slot of each expert, and the end: X + 1 numbers.
    let first: FixedBuffer<Int32>
    /// Token of each slot: 2T numbers.
    let tokens: FixedBuffer<Int32>
    /// Choice of each slot, token · 2 + 0 or 1: 2T numbers.
    let choices: FixedBuffer<Int32>
    /// The two experts of each token, the lower index first.
    let chosen: FixedBuffer<Int32>
    /// The two slots of each token, in the same order.
    let slots: FixedBuffer<Int32>
    /// The two weights of each token, in the same order.
    let weights: FixedBuffer<Float>
    private let next: FixedBuffer<Int32>
    /// Expert, first slot and end of each block.
    private let blocks: FixedBuffer<Int32>
    /// Blocks of the slots, each of one expert and small enough that its rows stay in a processor's cache.
    private(set) var blockCount = 0
    static let longestBlock = 192

    init(expertCount: Int, tokens count: Int) {
        self.expertCount = expertCount
        first = FixedBuffer(expertCount + 1)
        tokens = FixedBuffer(2 * count)
        choices = FixedBuffer(2 * count)
        chosen = FixedBuffer(2 * count)
        slots = FixedBuffer(2 * count)
        weights = FixedBuffer<Float>(2 * count)
        next = FixedBuffer(expertCount)
        blocks = FixedBuffer(3 * (expertCount + 2 * count / Self.longestBlock + 1))
    }

    /// Slots of expert e.
    @inline(__always)
    func range(_ e: Int) -> Range<Int> { Int(first.pointer[e])..<Int(first.pointer[e + 1]) }

    /// The expert and the slots of a block.
    @inline(__always)
    func block(_ index: Int) -> (expert: Int, slots: Range<Int>) {
        let block = blocks.pointer + 3 * index
        return (Int(block[0]), Int(block[1])..<Int(block[2]))
    }

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
            choices.pointer[Int(next[e])] = Int32(choice)
            next[e] += 1
        }
        blockCount = 0
        for e in 0..<expertCount {
            let slots = range(e)
            let pieces = (slots.count + Self.longestBlock - 1) / Self.longestBlock
            for piece in 0..<pieces {
                let block = blocks.pointer + 3 * blockCount
                block[0] = Int32(e)
                block[1] = Int32(slots.lowerBound + slots.count * piece / pieces)
                block[2] = Int32(slots.lowerBound + slots.count * (piece + 1) / pieces)
                blockCount += 1
            }
        }
    }
}
