import FlowConsensus
import FlowCrypto
import FlowEncoding

/// The last tip that was stored, as a file outside the database says it.
///
/// A database whose log lost its end looks like one whose last write was torn by a crash: it is sound, and shorter. The mark is written after the
/// block that it names is on the disk, so it may lag behind the database and is never ahead of it; where it is, blocks are gone.
struct TipMark: Sendable, Equatable {
    static let fileName = "tip.mark"

    let genesis: Hash256
    let hash: Hash256
    let height: BlockHeight
    let work: ChainWork

    init(_ tip: BlockTree.Block, genesis: Hash256) {
        self.genesis = genesis
        hash = tip.hash
        height = tip.height
        work = tip.work
    }

    /// What a store that was opened lacks; nil where it lacks nothing.
    func loss(in tree: BlockTree) -> NodeError? {
        // A stale branch that lies deep is forgotten, so an unknown block alone says nothing.
        guard genesis == tree.genesisHash, tree[hash]?.isReplayed != true, tree.tip.work < work else { return nil }
        let tip = tree.tip
        return NodeError(
            .lostBlocks,
            "the database ends at height \(tip.height), but held block \(hash) at height \(height) when the node last wrote: the end of its log is gone (a damaged disk, a copy that was cut, or a file that was changed). "
                + "The node goes on and fetches blocks \(tip.height &+ 1) to \(height) from its peers again; one that was mined here and that nobody else has is lost. Check the disk")
    }
}

extension TipMark: BinaryCodable {
    private static let head = Array("flow tip 1\n".utf8)

    private var body: [UInt8] {
        var writer = ByteWriter()
        writer.write(bytes: Self.head)
        genesis.encode(to: &writer)
        hash.encode(to: &writer)
        writer.write(height)
        work.encode(to: &writer)
        return writer.bytes
    }

    private var checksum: [UInt8] { Array(Keccak256.hash(body).bytes.prefix(4)) }

    func encode(to writer: inout ByteWriter) {
        writer.write(bytes: body)
        writer.write(bytes: checksum)
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        guard try reader.readBytes(Self.head.count) == Self.head else { throw .invalidValue("no mark of a tip", offset: 0) }
        genesis = try Hash256(from: &reader)
        hash = try Hash256(from: &reader)
        height = try reader.readUInt32()
        work = try ChainWork(from: &reader)
        let offset = reader.offset
        guard try reader.readBytes(4) == checksum else { throw .invalidValue("a mark of a tip with a wrong checksum", offset: offset) }
    }
}
