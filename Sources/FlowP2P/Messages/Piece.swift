public import FlowCrypto
public import FlowEncoding

/// `model` and `corpus`: one leaf with the proof that it belongs under the root.
///
/// `root 32 · index u64 · leafCount u64 · bytes (CompactSize length) · proof (CompactSize count, hashes of 32 bytes)`
///
/// A node that does not have the tree answers with `notfound`. The receiver checks the proof; this type checks only the form.
public struct Piece: Equatable, Sendable {
    public var root: Hash256
    /// Index of the leaf from 0, below `leafCount`.
    public var index: UInt64
    /// Leaves of the whole tree.
    public var leafCount: UInt64
    /// The leaf, 1 to 65,536 bytes.
    public var bytes: [UInt8]
    /// Sibling hashes from the leaf upwards, at most 64.
    public var proof: [Hash256]

    init(root: Hash256, index: UInt64, leafCount: UInt64, bytes: [UInt8], proof: [Hash256]) {
        self.root = root
        self.index = index
        self.leafCount = leafCount
        self.bytes = bytes
        self.proof = proof
    }
}

extension Piece: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        root = try Hash256(from: &reader)
        let offset = reader.offset
        index = try reader.readUInt64()
        leafCount = try reader.readUInt64()
        guard index < leafCount else {
            throw .invalidValue("leaf \(index) of a tree of \(leafCount) leaves", offset: offset)
        }
        let bytesOffset = reader.offset
        bytes = try reader.readVarBytes(limit: ProtocolLimits.pieceBytes)
        guard !bytes.isEmpty else { throw .invalidValue("a leaf has at least one byte", offset: bytesOffset) }
        proof = try reader.readArray(limit: UInt64(ProtocolLimits.proofHashes), minimumElementSize: 32)
    }

    public func encode(to writer: inout ByteWriter) {
        root.encode(to: &writer)
        writer.write(index)
        writer.write(leafCount)
        writer.writeVarBytes(bytes)
        writer.writeArray(proof)
    }
}
