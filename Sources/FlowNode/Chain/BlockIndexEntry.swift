public import FlowConsensus
public import FlowCrypto
public import FlowEncoding

/// What the node knows of one block, short of its body.
public struct BlockIndexEntry: Sendable {
    public let hash: Hash256
    public let header: BlockHeader
    /// Claimed work of the chain up to and including this block. It counts only once the block is replayed.
    public let chainWork: ChainWork
    /// Training steps kept on the chain up to and including this block.
    public let keptSteps: UInt64
    /// In which order the node first saw the blocks; ties of work go to the lower number.
    public let sequence: UInt64
    /// Root of the weights after this block's training, grown where the next height calls for it; nil until the training was replayed.
    public internal(set) var resultRoot: Hash256?
    /// Mean held-out loss of those weights in nats a token; nil until replayed.
    public internal(set) var heldOutLoss: Double?
    /// Mean loss of the block's training steps in nats a token; nil until replayed.
    public internal(set) var trainingLoss: Double?
    /// Identifier and text of the rule that the block breaks; nil for a block that is not known to break one.
    public internal(set) var violation: String?
    /// Number of transactions, 0 until the body came.
    public internal(set) var transactionCount: UInt32 = 0
    /// Bytes of the whole block, 0 until the body came.
    public internal(set) var size: UInt32 = 0
    /// True once the body lies in the store.
    public internal(set) var hasStoredBody = false
    /// True once the block was connected at least once, so that its undo data lie in the store.
    public internal(set) var hasUndo = false

    public var height: BlockHeight { header.height }
    public var isReplayed: Bool { resultRoot != nil }
    public var isInvalid: Bool { violation != nil }

    init(
        hash: Hash256, header: BlockHeader, chainWork: ChainWork, keptSteps: UInt64, sequence: UInt64
    ) {
        self.hash = hash
        self.header = header
        self.chainWork = chainWork
        self.keptSteps = keptSteps
        self.sequence = sequence
    }
}

extension BlockIndexEntry: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        header.encode(to: &writer)
        hash.encode(to: &writer)
        writer.write(bytes: chainWork.value.littleEndianBytes)
        writer.write(keptSteps)
        writer.write(sequence)
        writer.write(transactionCount)
        writer.write(size)
        let flags: UInt8 = (hasStoredBody ? 1 : 0) | (hasUndo ? 2 : 0) | (resultRoot != nil ? 4 : 0) | (violation != nil ? 8 : 0)
        writer.write(flags)
        if let resultRoot {
            resultRoot.encode(to: &writer)
            writer.write((heldOutLoss ?? .nan).bitPattern)
            writer.write((trainingLoss ?? .nan).bitPattern)
        }
        if let violation { writer.writeVarBytes(Array(violation.utf8)) }
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        header = try BlockHeader(from: &reader)
        hash = try Hash256(from: &reader)
        chainWork = ChainWork(value: UInt256(littleEndianBytes: try reader.readBytes(32)) ?? .zero)
        keptSteps = try reader.readUInt64()
        sequence = try reader.readUInt64()
        transactionCount = try reader.readUInt32()
        size = try reader.readUInt32()
        let flags = try reader.readUInt8()
        hasStoredBody = flags & 1 != 0
        hasUndo = flags & 2 != 0
        if flags & 4 != 0 {
            resultRoot = try Hash256(from: &reader)
            let heldOut = Double(bitPattern: try reader.readUInt64())
            let training = Double(bitPattern: try reader.readUInt64())
            heldOutLoss = heldOut.isFinite ? heldOut : nil
            trainingLoss = training.isFinite ? training : nil
        }
        if flags & 8 != 0 { violation = String(decoding: try reader.readVarBytes(limit: 4096), as: UTF8.self) }
    }
}
