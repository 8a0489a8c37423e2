internal import CLibB2

/// BLAKE2bp, the four-way parallel form of BLAKE2b: four leaves take the input's 128-byte blocks in turn, and a root
/// hashes their digests.
///
/// Built from libb2's BLAKE2b by its parameter block. libb2's own BLAKE2bp is not used: it divides the leaves among
/// OpenMP threads and gives other digests where the number of threads is limited.
public struct BLAKE2bp: Sendable {
    /// Bytes of the longest digest.
    public static let maximumDigestLength = 64
    /// Bytes of the longest key.
    public static let maximumKeyLength = 64
    private static let leafCount = 4
    private static let blockLength = 128

    private var leaves: [blake2b_state]
    private let root: blake2b_state
    /// Bytes that `finalize` returns.
    public let digestLength: Int
    /// Bytes absorbed, modulo the four blocks of one turn.
    private var position = 0

    /// - Throws: `CryptoError.lengthOutOfRange` for a digest or key of another length than BLAKE2bp has.
    public init(digestLength: Int = 64, key: [UInt8] = []) throws(CryptoError) {
        guard (1...Self.maximumDigestLength).contains(digestLength) else {
            throw .lengthOutOfRange("a digest", range: 1...Self.maximumDigestLength, actual: digestLength)
        }
        guard key.count <= Self.maximumKeyLength else {
            throw .lengthOutOfRange("a key", range: 0...Self.maximumKeyLength, actual: key.count)
        }
        self.digestLength = digestLength
        func node(offset: Int, depth: UInt8, isLast: Bool) -> blake2b_state {
            var parameters = blake2b_param()
            parameters.digest_length = UInt8(depth == 0 ? Self.maximumDigestLength : digestLength)
            parameters.key_length = UInt8(key.count)
            parameters.fanout = UInt8(Self.leafCount)
            parameters.depth = 2
            parameters.node_offset = UInt64(offset).littleEndian
            parameters.node_depth = depth
            parameters.inner_length = UInt8(Self.maximumDigestLength)
            var state = blake2b_state()
            blake2b_init_param(&state, &parameters)
            state.outlen = parameters.digest_length
            state.last_node = isLast ? 1 : 0
            return state
        }
        root = node(offset: 0, depth: 1, isLast: true)
        leaves = (0..<Self.leafCount).map { node(offset: $0, depth: 0, isLast: $0 == Self.leafCount - 1) }
        if !key.isEmpty {
            let block = key + [UInt8](repeating: 0, count: Self.blockLength - key.count)
            for leaf in leaves.indices { blake2b_update(&leaves[leaf], block, block.count) }
        }
    }

    /// Absorbs bytes; several updates equal one update with the bytes joined.
    public mutating func update(_ raw: UnsafeRawBufferPointer) {
        guard let base = raw.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var next = 0
        while next < raw.count {
            let leaf = position / Self.blockLength
            let count = min(Self.blockLength - position % Self.blockLength, raw.count - next)
            blake2b_update(&leaves[leaf], base + next, count)
            next += count
            position = (position + count) % (Self.blockLength * Self.leafCount)
        }
    }

    /// Absorbs bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of what has been absorbed. The value itself stays as it is and can absorb more.
    public func finalize() -> [UInt8] {
        var root = root
        var digest = [UInt8](repeating: 0, count: Self.maximumDigestLength)
        for var leaf in leaves {
            blake2b_final(&leaf, &digest, digest.count)
            blake2b_update(&root, digest, digest.count)
        }
        blake2b_final(&root, &digest, digestLength)
        return Array(digest.prefix(digestLength))
    }
}
