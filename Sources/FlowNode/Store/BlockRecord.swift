import FlowConsensus
import FlowCrypto
import FlowEncoding

/// What the store keeps of a replayed block beside its body: the index is made of these at a start. Blocks that nobody has
/// replayed are never stored.
struct BlockRecord: Sendable {
    let header: BlockHeader
    let resultRoot: Hash256
    /// In which order blocks were replayed; decides between branches of equal work after a restart too.
    let replayOrder: UInt64
    let facts: BlockFacts
}

/// What the node remembers of a replayed block for those who ask.
struct BlockFacts: Sendable {
    /// Mean held-out loss of the weights after the block, in nats a token; nil where it could not be computed.
    var heldOutLoss: Double?
    /// Mean loss of the block's training steps, in nats a token.
    var trainingLoss: Double?
    var transactionCount: UInt32
    /// Bytes of the whole block.
    var size: UInt32
}

extension BlockRecord: BinaryCodable {
    func encode(to writer: inout ByteWriter) {
        header.encode(to: &writer)
        resultRoot.encode(to: &writer)
        writer.write(replayOrder)
        writer.write((facts.heldOutLoss ?? .nan).bitPattern)
        writer.write((facts.trainingLoss ?? .nan).bitPattern)
        writer.write(facts.transactionCount)
        writer.write(facts.size)
    }

    init(from reader: inout ByteReader) throws(DecodingFault) {
        header = try BlockHeader(from: &reader)
        resultRoot = try Hash256(from: &reader)
        replayOrder = try reader.readUInt64()
        let heldOut = Double(bitPattern: try reader.readUInt64())
        let training = Double(bitPattern: try reader.readUInt64())
        facts = BlockFacts(
            heldOutLoss: heldOut.isFinite ? heldOut : nil, trainingLoss: training.isFinite ? training : nil,
            transactionCount: try reader.readUInt32(), size: try reader.readUInt32())
    }
}
