/// The one shape of all Merkle trees here, for any hash of inner nodes.
///
/// Each level pairs neighbours from the left; a lone last node is promoted unchanged, never duplicated, so that no two
/// lists share a root by repetition. The empty list has the zero hash as root. Leaves arrive hashed; they must be
/// domain-separated from inner nodes by whoever hashes them.
public enum Merkle {
    /// The root over `leaves`; `inner` hashes a left and a right node.
    public static func root(_ leaves: [Hash256], inner: (Hash256, Hash256) -> Hash256) -> Hash256 {
        var nodes = leaves
        return nodes.withUnsafeMutableBufferPointer { root(reducing: $0, inner: inner) }
    }

    /// The root over leaves in memory, where inner nodes take their places.
    static func root(reducing nodes: UnsafeMutableBufferPointer<Hash256>, inner: (Hash256, Hash256) -> Hash256) -> Hash256 {
        var count = nodes.count
        while count > 1 { count = pair(nodes, count, inner: inner) }
        return nodes.first ?? .zero
    }

    /// Puts the next level in the place of the first `count` nodes, and returns how many it has.
    private static func pair(
        _ nodes: UnsafeMutableBufferPointer<Hash256>, _ count: Int, inner: (Hash256, Hash256) -> Hash256
    ) -> Int {
        for pair in 0..<count / 2 { nodes[pair] = inner(nodes[2 * pair], nodes[2 * pair + 1]) }
        if count % 2 == 1 { nodes[count / 2] = nodes[count - 1] }
        return count / 2 + count % 2
    }

    /// The siblings of leaf `index` from the leaf up, without those levels at which its node is promoted.
    /// Empty when `index` is not in the list.
    public static func proof(
        _ leaves: [Hash256], index: Int, inner: (Hash256, Hash256) -> Hash256
    ) -> [Hash256] {
        guard leaves.indices.contains(index) else { return [] }
        var nodes = leaves
        return nodes.withUnsafeMutableBufferPointer { nodes in
            var count = nodes.count, position = index
            var proof: [Hash256] = []
            while count > 1 {
                let sibling = position ^ 1
                if sibling < count { proof.append(nodes[sibling]) }
                count = pair(nodes, count, inner: inner)
                position /= 2
            }
            return proof
        }
    }

    /// Whether `leaf` is the leaf `index` of `count` under `root`. Any list of hashes may be passed as proof.
    public static func verify(
        leaf: Hash256, index: Int, count: Int, proof: [Hash256], root: Hash256,
        inner: (Hash256, Hash256) -> Hash256
    ) -> Bool {
        guard index >= 0, index < count else { return false }
        var node = leaf
        var position = index
        var width = count
        var siblings = proof.makeIterator()
        while width > 1 {
            if position & 1 == 1 {
                guard let sibling = siblings.next() else { return false }
                node = inner(sibling, node)
            } else if position < width - 1 {
                guard let sibling = siblings.next() else { return false }
                node = inner(node, sibling)
            }
            position /= 2
            width = width / 2 + width % 2
        }
        return siblings.next() == nil && node == root
    }
}
