internal import CFlowKernels
internal import FlowTensor

/// Keys and values of all tokens so far, for each layer; it grows as tokens come.
///
/// Each head's rows lie one after the other, so that attention reads memory in order, and all heads' in one piece of memory, for which the system has
/// large pages. They are kept as binary16, as llama.cpp does, unless a chain's model has weights in binary32.
final class KeyValueCache {
    private let heads: Int
    private let headLength: Int
    private let elementByteCount: Int
    /// For each layer the keys of each head, then the values of each head.
    private var memory = AlignedBuffer<UInt8>()
    private let layers: Int
    private var capacity = 0
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
        let old = capacity, row = headLength * elementByteCount
        capacity = min(max(count + count / 2, 2 * capacity, 64), max(limit, count))
        let new = AlignedBuffer<UInt8>(capacity: layers * 2 * heads * capacity * row)
        for rows in 0..<layers * 2 * heads {
            (new.pointer + rows * capacity * row).update(from: memory.pointer + rows * old * row, count: used * row)
        }
        memory = new
    }

    /// The keys of one head, one row of its length for each token.
    func keys(_ layer: Int, head: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(2 * layer, head, 0)) }
    /// The values of one head.
    func values(_ layer: Int, head: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(2 * layer + 1, head, 0)) }

    /// Stores all heads' keys and values of the token at `position`.
    func store(_ layer: Int, position: Int, keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>) {
        for head in 0..<heads {
            store(newKeys + head * headLength, place(2 * layer, head, position))
            store(newValues + head * headLength, place(2 * layer + 1, head, position))
        }
    }

    private func place(_ part: Int, _ head: Int, _ position: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(memory.pointer) + ((part * heads + head) * capacity + position) * headLength * elementByteCount
    }

    private func store(_ row: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) {
        if elementByteCount == 4 {
            target.copyMemory(from: row, byteCount: 4 * headLength)
        } else {
            InferenceKernels.best.to_halves(row, headLength, target.assumingMemoryBound(to: UInt16.self))
        }
    }
}
