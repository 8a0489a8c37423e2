public import FlowCrypto
public import FlowEncoding

/// The signature of a message by the key of an address. An address is a hash, so the signature carries the public key.
///
/// The Ed25519 signature is over keccak256d("flowcoin/message" ‖ genesis hash ‖ bytes message), the message in UTF-8. So it holds on one network, and
/// is worth nothing as the signature of a transaction. Its 96 bytes, public key and signature, are written in base64: 128 characters.
public struct MessageSignature: Hashable, Sendable {
    private let publicKey: Ed25519.PublicKey
    private let signature: Ed25519.Signature

    private static let tag = Array("flowcoin/message".utf8)

    /// Signs a message for a network.
    public init(signing message: String, with key: Ed25519.PrivateKey, genesisHash: Hash256) {
        publicKey = key.publicKey
        signature = key.sign(Self.hash(message, genesisHash))
    }

    /// Reads what `description` writes.
    /// - Throws: where it is not the base64 of 96 bytes
    public init(_ text: String) throws(DecodingFault) {
        var reader = ByteReader(try Base64.decode(text))
        publicKey = try Ed25519.PublicKey(from: &reader)
        signature = try Ed25519.Signature(from: &reader)
        try reader.finish()
    }

    /// Whether the holder of an address signed this message for this network.
    public func isValid(for message: String, by program: LockProgram, genesisHash: Hash256) -> Bool {
        LockProgram(publicKey: publicKey) == program && publicKey.isValid(signature: signature, for: Self.hash(message, genesisHash))
    }

    static func hash(_ message: String, _ genesisHash: Hash256) -> Hash256 {
        var writer = ByteWriter()
        writer.write(bytes: tag)
        genesisHash.encode(to: &writer)
        writer.writeVarBytes(Array(message.utf8))
        return Keccak256.doubleHash(writer.bytes)
    }
}

extension MessageSignature: CustomStringConvertible {
    public var description: String { Base64.encode(publicKey.bytes + signature.bytes) }
}
