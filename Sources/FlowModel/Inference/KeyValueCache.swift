internal import CFlowKernels
internal import FlowTensor

/// Keys and values of all tokens so far, for each layer; it grows as tokens come.
///
/// A layer's keys lie as they are read when a token is added to a chain's model: the rows of some tokens for each head, then those of the next tokens, and its values likewise. All
/// layers lie in one piece of memory, for which the system has large pages. They are kept as binary16, as llama.cpp does, unless a chain's model has weights in
/// binary32.
final class KeyValueCache {
    let heads: Int
    private let headLength: Int
    private let elementByteCount: Int
    /// For each layer its keys, then its values.
    private var memory = AlignedBuffer<UInt8>()
    private let layers: Int
    /// Tokens; whole blocks.
    private var capacity = 0
    /// Tokens whose rows of one head lie together.
    private static let block = Int(CFLOW_ATTENTION_BLOCK)
    /// What the kernels call the elements' type.
    var type: Int32 { elementByteCount == 4 ? Int32(CFLOW_F32) : Int32(CFLOW_F16) }

    init(layers: Int, heads: Int, headLength: Int, halves: Bool) {
        self.heads = heads
        self.headLength = headLength
        elementByteCount = halves ? 2 : 4
        self.layers = layers
    }

    /// Makes room for `count` tokens and as many again by half, so that an answer does not begin with a copy of its prompt; keeps those that are there.
    func reserve(_ count: Int, used: Int, limit: Int) {
        guard count > capacity else { return }
        let old = capacity
        capacity = Self.whole(min(max(count + count / 2, 2 * capacity), max(limit, count)))
        let token = heads * headLength * elementByteCount
        let new = AlignedBuffer<UInt8>(capacity: layers * 2 * capacity * token)
        for part in 0..<layers * 2 {
            (new.pointer + part * capacity * token).update(from: memory.pointer + part * old * token, count: Self.whole(used) * token)
        }
        memory = new
    }

    /// The keys of a layer, as the kernels read them.
    func keys(_ layer: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(2 * layer, head: 0, 0)) }
    /// The values of a layer.
    func values(_ layer: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(2 * layer + 1, head: 0, 0)) }

    /// Stores all heads' keys and values of the token at `position`.
    func store(_ layer: Int, position: Int, keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>) {
        for head in 0..<heads {
            store(newKeys + head * headLength, place(2 * layer, head: head, position))
            store(newValues + head * headLength, place(2 * layer + 1, head: head, position))
        }
    }

    private func place(_ part: Int, head: Int, _ position: Int) -> UnsafeMutableRawPointer {
        let (block, row) = position.quotientAndRemainder(dividingBy: Self.block)
        let rows = (part * capacity + block * Self.block) * heads + head * Self.block + row
        return UnsafeMutableRawPointer(memory.pointer) + rows * headLength * elementByteCount
    }

    /// `count` and what fills its last block.
    private static func whole(_ count: Int) -> Int { (count + block - 1) / block * block }

    private func store(_ row: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) {
        if elementByteCount == 4 {
            target.copyMemory(from: row, byteCount: 4 * headLength)
        } else {
            InferenceKernels.best.to_halves(row, headLength, target.assumingMemoryBound(to: UInt16.self))
        }
    }
}
