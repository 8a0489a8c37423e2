public import FlowCrypto
public import FlowEncoding

/// A transfer of money, or the coinbase that makes new money.
///
/// A coinbase has exactly one input, and that names no output; in place of witnesses it carries up to 100 bytes of data.
public struct Transaction: Hashable, Sendable {
    /// From 2 on the inputs' sequences are relative lock times (BIP-68).
    public var version: UInt32
    public var inputs: [TransactionInput]
    public var outputs: [TransactionOutput]
    /// 0, the last height (below 500,000,000) or the last median time at which the transaction cannot stand in a block yet.
    public var lockTime: UInt32
    /// One for each input, in the same order; empty in a coinbase.
    public var witnesses: [Witness]
    /// The data of a coinbase; empty in any other transaction.
    public var coinbaseData: [UInt8]

    public init(
        version: UInt32 = 2, inputs: [TransactionInput], outputs: [TransactionOutput], lockTime: UInt32 = 0,
        witnesses: [Witness] = [], coinbaseData: [UInt8] = []
    ) {
        self.version = version
        self.inputs = inputs
        self.outputs = outputs
        self.lockTime = lockTime
        self.witnesses = witnesses
        self.coinbaseData = coinbaseData
    }

    /// The coinbase of the block at a height above 0: lock time height − 1, a sequence that keeps the lock in force.
    ///
    /// - Parameter sequence: anything but 0xffffffff.
    public static func coinbase(
        height: BlockHeight, outputs: [TransactionOutput], data: [UInt8] = [], sequence: UInt32 = 0xffff_fffe
    ) -> Transaction {
        Transaction(
            inputs: [TransactionInput(outPoint: .null, sequence: sequence)], outputs: outputs,
            lockTime: height == 0 ? 0 : height - 1, coinbaseData: data)
    }

    public var isCoinbase: Bool { inputs.count == 1 && inputs[0].outPoint.isNull }

    /// Whether the sender says that another transaction may take its place while it is unconfirmed (BIP-125): a sequence below
    /// fffffffe. What a node makes of it is policy.
    public var signalsReplacement: Bool { !isCoinbase && inputs.contains { $0.sequence < TransactionInput.finalSequence - 1 } }

    /// The name of the transaction: keccak256d of the encoding without witnesses and coinbase data.
    public var txid: Hash256 { Keccak256.doubleHash(strippedEncoding) }

    /// keccak256d of the part that the id leaves out: the witnesses, or the coinbase data.
    public var witnessHash: Hash256 {
        var writer = ByteWriter()
        encodeWitnesses(to: &writer)
        return Keccak256.doubleHash(writer.bytes)
    }

    /// The leaf of the block's Merkle tree: keccak256d(0x00 ‖ txid ‖ witnessHash).
    var merkleLeaf: Hash256 { BlockMerkle.leaf(txid: txid, witnessHash: witnessHash) }

    /// version, inputs, outputs and lock time: what the id covers.
    var strippedEncoding: [UInt8] {
        var writer = ByteWriter()
        encodeStripped(to: &writer)
        return writer.bytes
    }

    /// The length of the encoding in bytes, witnesses included.
    public var encodedLength: Int { encoded.count }

    /// What the transaction costs of a block's room: its bytes and 64 for each output.
    public var cost: Int { encodedLength + ConsensusLimits.outputCost * outputs.count }
}

extension Transaction: BinaryCodable {
    /// Version, two empty counts, lock time and an empty witness count; used to bound counts while decoding.
    static let minimumLength = 11

    public func encode(to writer: inout ByteWriter) {
        encodeStripped(to: &writer)
        encodeWitnesses(to: &writer)
    }

    private func encodeStripped(to writer: inout ByteWriter) {
        writer.write(version)
        writer.writeArray(inputs)
        writer.writeArray(outputs)
        writer.write(lockTime)
    }

    private func encodeWitnesses(to writer: inout ByteWriter) {
        if isCoinbase {
            writer.writeVarBytes(coinbaseData)
        } else {
            writer.writeArray(witnesses)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let limit = UInt64(ConsensusLimits.blockSize)
        version = try reader.readUInt32()
        inputs = try reader.readArray(limit: limit, minimumElementSize: TransactionInput.encodedLength)
        outputs = try reader.readArray(limit: limit, minimumElementSize: TransactionOutput.minimumLength)
        lockTime = try reader.readUInt32()
        witnesses = []
        coinbaseData = []
        if isCoinbase {
            coinbaseData = try reader.readVarBytes(limit: ConsensusLimits.blockSize)
        } else {
            // No more than inputs: a witness can take one byte here and far more in memory.
            witnesses = try reader.readArray(limit: UInt64(inputs.count))
        }
    }
}
