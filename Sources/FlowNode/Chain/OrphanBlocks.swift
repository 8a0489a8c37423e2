import FlowConsensus
import FlowCrypto

/// Blocks that came before their parent; a few, the oldest make room.
struct OrphanBlocks {
    static let limit = 32
    private var blocks: [(hash: Hash256, block: Block)] = []

    var count: Int { blocks.count }

    mutating func insert(_ block: Block, hash: Hash256) {
        guard !blocks.contains(where: { $0.hash == hash }) else { return }
        if blocks.count >= Self.limit { blocks.removeFirst() }
        blocks.append((hash, block))
    }

    /// Takes out the blocks that build on `parent`.
    mutating func children(of parent: Hash256) -> [Block] {
        let found = blocks.filter { $0.block.header.previousHash == parent }.map(\.block)
        blocks.removeAll { $0.block.header.previousHash == parent }
        return found
    }
}
