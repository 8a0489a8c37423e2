public import FlowCrypto
public import FlowEncoding

/// What unlocks an output: the public key whose hash is the program, and a signature. 96 bytes.
///
/// The bytes stand as they came; whether they are a valid key and signature is a question of the rules.
public struct Witness: Hashable, Sendable {
    /// 32 bytes.
    public let publicKey: [UInt8]
    /// 64 bytes.
    public let signature: [UInt8]

    public static let encodedLength = 96

    public init(publicKey: Ed25519.PublicKey, signature: Ed25519.Signature) {
        self.publicKey = publicKey.bytes
        self.signature = signature.bytes
    }

    /// Nil unless there are 32 and 64 bytes.
    public init?(publicKey: [UInt8], signature: [UInt8]) {
        guard publicKey.count == 32, signature.count == 64 else { return nil }
        self.publicKey = publicKey
        self.signature = signature
    }
}

extension Witness: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        writer.write(bytes: publicKey)
        writer.write(bytes: signature)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        publicKey = try reader.readBytes(32)
        signature = try reader.readBytes(64)
    }
}
