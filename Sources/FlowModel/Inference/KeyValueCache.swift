internal import CFlowKernels
internal import FlowTensor

/// Keys and values of all tokens so far, for each layer; it grows as tokens come.
///
/// Each head's rows lie one after the other, so that attention reads memory in order. They are kept as binary16, as
/// llama.cpp does, unless a chain's model has weights in binary32.
final class KeyValueCache {
    private let heads: Int
    private let headLength: Int
    private let elementByteCount: Int
    private var keys: [AlignedBuffer<UInt8>]
    private var values: [AlignedBuffer<UInt8>]
    private var capacity = 0
    /// What the kernels call the elements' type.
    var type: Int32 { elementByteCount == 4 ? Int32(CFLOW_F32) : Int32(CFLOW_F16) }

    init(layers: Int, heads: Int, headLength: Int, halves: Bool) {
        self.heads = heads
        self.headLength = headLength
        elementByteCount = halves ? 2 : 4
        keys = (0..<layers).map { _ in AlignedBuffer() }
        values = (0..<layers).map { _ in AlignedBuffer() }
    }

    /// Makes room for `count` tokens, keeping those that are there.
    func reserve(_ count: Int, used: Int, limit: Int) {
        guard count > capacity else { return }
        let old = capacity
        capacity = min(max(count, 2 * capacity, 64), max(limit, count))
        for layer in keys.indices {
            keys[layer] = grown(keys[layer], used, old)
            values[layer] = grown(values[layer], used, old)
        }
    }

    private func grown(_ buffer: AlignedBuffer<UInt8>, _ used: Int, _ oldCapacity: Int) -> AlignedBuffer<UInt8> {
        let row = headLength * elementByteCount
        let new = AlignedBuffer<UInt8>(capacity: heads * capacity * row)
        for head in 0..<heads {
            (new.pointer + head * capacity * row).update(
                from: buffer.pointer + head * oldCapacity * row, count: used * row)
        }
        return new
    }

    /// The keys of one head, one row of its length for each token.
    func keys(_ layer: Int, head: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(keys[layer], head, 0)) }
    /// The values of one head.
    func values(_ layer: Int, head: Int) -> UnsafeRawPointer { UnsafeRawPointer(place(values[layer], head, 0)) }

    /// Stores all heads' keys and values of the token at `position`.
    func store(_ layer: Int, position: Int, keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>) {
        for head in 0..<heads {
            store(newKeys + head * headLength, place(keys[layer], head, position))
            store(newValues + head * headLength, place(values[layer], head, position))
        }
    }

    private func place(_ buffer: AlignedBuffer<UInt8>, _ head: Int, _ position: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(buffer.pointer) + (head * capacity + position) * headLength * elementByteCount
    }

    private func store(_ row: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer) {
        if elementByteCount == 4 {
            target.copyMemory(from: row, byteCount: 4 * headLength)
        } else {
            InferenceKernels.best.to_halves(row, headLength, target.assumingMemoryBound(to: UInt16.self))
        }
    }
}
