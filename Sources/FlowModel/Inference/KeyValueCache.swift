internal import FlowTensor

/// Keys and values of all tokens so far, for each layer; it grows as tokens come.
final class KeyValueCache {
    /// Elements of one token's keys (and of its values) in one layer.
    let width: Int
    private var keys: [FloatBuffer]
    private var values: [FloatBuffer]
    private var capacity = 0

    init(layers: Int, width: Int) {
        self.width = width
        keys = (0..<layers).map { _ in FloatBuffer() }
        values = (0..<layers).map { _ in FloatBuffer() }
    }

    /// Makes room for `count` tokens, keeping those that are there.
    func reserve(_ count: Int, used: Int, limit: Int) {
        guard count > capacity else { return }
        capacity = min(max(count, 2 * capacity, 64), max(limit, count))
        for layer in keys.indices {
            keys[layer] = grown(keys[layer], used)
            values[layer] = grown(values[layer], used)
        }
    }

    private func grown(_ old: FloatBuffer, _ used: Int) -> FloatBuffer {
        let new = FloatBuffer(capacity: capacity * width)
        new.pointer.update(from: old.pointer, count: used * width)
        return new
    }

    /// The keys of layer `layer`, one row of ``width`` for each token.
    func keys(_ layer: Int) -> UnsafeMutablePointer<Float> { keys[layer].pointer }
    /// The values of layer `layer`.
    func values(_ layer: Int) -> UnsafeMutablePointer<Float> { values[layer].pointer }
}
