internal import CSodium
public import FlowEncoding

extension Ed25519 {
    /// The 32 bytes of a public key, of which nothing is known but their number until a signature is checked.
    public struct PublicKey: Hashable, Sendable {
        /// 32.
        public static let byteCount = 32
        private let storage: Hash256

        /// Exactly 32 bytes; nil for any other number of them.
        public init?(bytes: some Collection<UInt8>) {
            guard let storage = Hash256(bytes: bytes) else { return nil }
            self.storage = storage
        }

        init(storage: Hash256) { self.storage = storage }

        /// The encoded point A.
        public var bytes: [UInt8] { storage.bytes }

        /// Whether the encoding is canonical and not a point of small order, without which no signature is valid.
        var isWellFormed: Bool { Ed25519.isCanonical(bytes) && !Ed25519.isSmallOrder(bytes) }

        /// Whether `signature` is this key's signature of `message`, by the rule stated at ``Ed25519``.
        public func isValid(signature: Signature, for message: [UInt8]) -> Bool {
            message.withUnsafeBytes { isValid(signature: signature, for: $0) }
        }

        /// Whether `signature` is this key's signature of the 32 bytes of `hash`.
        public func isValid(signature: Signature, for hash: Hash256) -> Bool {
            hash.withUnsafeBytes { isValid(signature: signature, for: $0) }
        }

        /// Whether `signature` is this key's signature of `message`, by the rule stated at ``Ed25519``.
        public func isValid(signature: Signature, for message: UnsafeRawBufferPointer) -> Bool {
            guard isWellFormed, signature.isWellFormed else { return false }
            return crypto_sign_verify_detached(
                signature.bytes, message.baseAddress?.assumingMemoryBound(to: UInt8.self),
                UInt64(message.count), bytes) == 0
        }
    }
}

extension Ed25519.Signature {
    /// Whether S is below L and R not a point of small order.
    var isWellFormed: Bool { Ed25519.isReduced(scalar.bytes) && !Ed25519.isSmallOrder(point.bytes) }
}

extension Ed25519.PublicKey: BinaryCodable {
    public init(from reader: inout ByteReader) throws(DecodingFault) {
        self.init(storage: try Hash256(from: &reader))
    }

    public func encode(to writer: inout ByteWriter) { storage.encode(to: &writer) }
}

extension Ed25519.PublicKey: CustomStringConvertible {
    /// 64 hex digits in the order of the bytes.
    public var description: String { storage.hex }
}
