public import FlowCrypto
import FlowEncoding

/// The 32 bytes that the signature of an input covers.
///
/// keccak256d("flowcoin/sighash" ‖ genesis hash ‖ rules root ‖ u32 version ‖ u32 lockTime ‖ u32 input index ‖ H(outpoints) ‖
/// H(spent outputs) ‖ H(sequences) ‖ H(outputs)), where H is keccak256d over the CompactSize count and the elements. So a signature
/// holds for one network under one set of rules, one input, and all amounts and programs it spends; the cost for n inputs is linear.
public struct SignatureHash: Sendable {
    private let prefix: [UInt8]
    private let suffix: [UInt8]

    static let tag = Array("flowcoin/sighash".utf8)

    /// - Parameters:
    ///   - spentOutputs: the outputs that the inputs spend, in the order of the inputs.
    ///   - domain: of the block that will hold the transaction.
    public init(transaction: Transaction, spentOutputs: [TransactionOutput], domain: SignatureDomain) {
        var head = ByteWriter()
        head.write(bytes: Self.tag)
        domain.genesisHash.encode(to: &head)
        domain.rulesRoot.encode(to: &head)
        head.write(transaction.version)
        head.write(transaction.lockTime)
        prefix = head.bytes

        var tail = ByteWriter()
        Self.hash(transaction.inputs.map(\.outPoint)).encode(to: &tail)
        Self.hash(spentOutputs).encode(to: &tail)
        var sequences = ByteWriter()
        sequences.writeCompactSize(UInt64(transaction.inputs.count))
        for input in transaction.inputs {
            sequences.write(input.sequence)
        }
        Keccak256.doubleHash(sequences.bytes).encode(to: &tail)
        Self.hash(transaction.outputs).encode(to: &tail)
        suffix = tail.bytes
    }

    /// What the signature of input `index` covers.
    public func digest(input index: UInt32) -> Hash256 {
        var writer = ByteWriter()
        writer.write(bytes: prefix)
        writer.write(index)
        writer.write(bytes: suffix)
        return Keccak256.doubleHash(writer.bytes)
    }

    private static func hash(_ elements: [some BinaryEncodable]) -> Hash256 {
        var writer = ByteWriter()
        writer.writeArray(elements)
        return Keccak256.doubleHash(writer.bytes)
    }
}
