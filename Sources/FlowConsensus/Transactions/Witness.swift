public import FlowCrypto
public import FlowEncoding

/// What unlocks an output: a list of byte strings. What they have to be depends on the version of the output's program.
///
/// Version 0: exactly two, the public key whose hash is the program (32 bytes) and a signature (64 bytes). Whether they are valid is
/// a question of the rules. Versions without a meaning yet take any list.
public struct Witness: Hashable, Sendable {
    public let items: [[UInt8]]

    /// The encoded length of a witness for version 0.
    public static let keyWitnessLength = 1 + (1 + Ed25519.PublicKey.byteCount) + (1 + Ed25519.Signature.byteCount)

    /// Any list; whether it unlocks anything is a question of the rules.
    public init(items: [[UInt8]]) {
        self.items = items
    }

    /// The witness for an output of version 0.
    public init(publicKey: Ed25519.PublicKey, signature: Ed25519.Signature) {
        items = [publicKey.bytes, signature.bytes]
    }

    /// Key and signature, where the witness has the form of version 0; else nil.
    public var keyAndSignature: (publicKey: Ed25519.PublicKey, signature: Ed25519.Signature)? {
        guard items.count == 2, let publicKey = Ed25519.PublicKey(bytes: items[0]), let signature = Ed25519.Signature(bytes: items[1])
        else { return nil }
        return (publicKey, signature)
    }
}

extension Witness: BinaryCodable {
    /// CompactSize, and each item as CompactSize and its bytes.
    public func encode(to writer: inout ByteWriter) {
        writer.writeCompactSize(UInt64(items.count))
        for item in items { writer.writeVarBytes(item) }
    }

    /// Refuses more items, and longer ones, than `ConsensusLimits` allow, so that no input makes it keep more than it is worth.
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        let count = try reader.readCount(limit: UInt64(ConsensusLimits.witnessItems))
        var items: [[UInt8]] = []
        items.reserveCapacity(count)
        for _ in 0..<count { items.append(try reader.readVarBytes(limit: ConsensusLimits.witnessSize)) }
        self.items = items
    }
}
