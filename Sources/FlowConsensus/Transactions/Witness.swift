public import FlowCrypto
public import FlowEncoding

/// What unlocks an output: the public key whose hash is the program, and a signature. 96 bytes.
///
/// Any 32 and 64 bytes can stand here; whether they are a valid key and signature is a question of the rules.
public struct Witness: Hashable, Sendable {
    public let publicKey: Ed25519.PublicKey
    public let signature: Ed25519.Signature

    public static let encodedLength = 96

    public init(publicKey: Ed25519.PublicKey, signature: Ed25519.Signature) {
        self.publicKey = publicKey
        self.signature = signature
    }
}

extension Witness: BinaryCodable {
    public func encode(to writer: inout ByteWriter) {
        publicKey.encode(to: &writer)
        signature.encode(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        publicKey = try Ed25519.PublicKey(from: &reader)
        signature = try Ed25519.Signature(from: &reader)
    }
}
