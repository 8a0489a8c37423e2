public import FlowCrypto
public import FlowEncoding

/// `getmodel` and `getcorpus`: asks for leaves of the tree with this root.
///
/// `root 32 · indices (CompactSize count, u64 each)`
public struct PieceRequest: Equatable, Sendable {
    /// modelRoot or corpusRoot.
    public var root: Hash256
    /// Indices of leaves from 0, at most 64.
    public var indices: [UInt64]

    init(root: Hash256, indices: [UInt64]) {
        self.root = root
        self.indices = indices
    }
}

extension PieceRequest: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        root = try Hash256(from: &reader)
        let count = try reader.readCount(limit: UInt64(ProtocolLimits.pieceRequests), minimumElementSize: 8)
        indices = []
        for _ in 0..<count { indices.append(try reader.readUInt64()) }
    }

    public func encode(to writer: inout ByteWriter) {
        root.encode(to: &writer)
        writer.writeCompactSize(UInt64(indices.count))
        for index in indices { writer.write(index) }
    }
}
