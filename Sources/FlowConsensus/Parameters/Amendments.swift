public import FlowCrypto
public import FlowEncoding

/// The amendments that a node follows, in ascending height. No part of the genesis hash: two nodes with different lists are on one
/// chain up to the first height at which the lists differ.
public struct Amendments: Hashable, Sendable {
    public var list: [Amendment]

    static let tag = Array("flowcoin/amendments".utf8)
    /// The most that a list may hold.
    public static let most = 1_024

    public init(_ list: [Amendment] = []) {
        self.list = list
    }

    /// Those whose height is at most `height`.
    func inForce(at height: BlockHeight) -> [Amendment] { list.filter { $0.height <= height } }

    /// Names the rules at a height: zero where no amendment is in force, else keccak256("flowcoin/amendments" ‖ list of those that are).
    public func rulesRoot(at height: BlockHeight) -> Hash256 {
        let inForce = inForce(at: height)
        guard !inForce.isEmpty else { return .zero }
        var writer = ByteWriter()
        writer.write(bytes: Self.tag)
        writer.writeArray(inForce)
        return Keccak256.hash(writer.bytes)
    }

    /// The version of the header at a height: 1 where no amendment is in force, else the first four bytes of the root, little-endian.
    public func blockVersion(at height: BlockHeight) -> UInt32 {
        let root = rulesRoot(at: height)
        guard root != .zero else { return 1 }
        return root.bytes.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension Amendments: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Amendment...) { self.init(elements) }
}

extension Amendments: Codable {
    /// As the list alone.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([Amendment].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(list)
    }
}

extension Amendments: BinaryCodable {
    public func encode(to writer: inout ByteWriter) { writer.writeArray(list) }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        list = try reader.readArray(limit: UInt64(Self.most), minimumElementSize: Amendment.minimumLength)
    }
}
