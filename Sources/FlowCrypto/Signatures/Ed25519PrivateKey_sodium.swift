internal import CSodium

extension Ed25519 {
    /// A signing key, made from a seed of 32 bytes. Seed and expanded key lie in guarded memory, are wiped with the
    /// last reference, and are never printed.
    public final class PrivateKey: Sendable {
        /// 32.
        static let seedByteCount = 32
        /// libsodium's form: seed ‖ public key.
        private let secret: SecretBytes
        /// The key that checks this key's signatures.
        public let publicKey: PublicKey

        /// - Throws: `CryptoError.lengthOutOfRange` unless the seed has 32 bytes.
        public convenience init(seed: [UInt8]) throws(CryptoError) {
            try self.init(seed: SecretBytes(seed))
        }

        /// - Throws: `CryptoError.lengthOutOfRange` unless the seed has 32 bytes.
        public init(seed: SecretBytes) throws(CryptoError) {
            guard seed.count == Self.seedByteCount else {
                throw .lengthOutOfRange("a seed", range: Self.seedByteCount...Self.seedByteCount, actual: seed.count)
            }
            (secret, publicKey) = Self.expand(seed)
        }

        /// A key from 32 random bytes.
        public static func generate() -> PrivateKey { PrivateKey(validSeed: .random(seedByteCount)) }

        /// - Parameter validSeed: 32 bytes.
        init(validSeed: SecretBytes) { (secret, publicKey) = Self.expand(validSeed) }

        private static func expand(_ seed: SecretBytes) -> (SecretBytes, PublicKey) {
            var publicBytes = [UInt8](repeating: 0, count: PublicKey.byteCount)
            let secret = SecretBytes(
                count: Int(crypto_sign_ed25519_SECRETKEYBYTES),
                fillBytes: { memory in
                    seed.withBytes { _ = crypto_sign_seed_keypair(&publicBytes, memory, $0) }
                })
            return (secret, PublicKey(storage: Hash256(bytes: publicBytes) ?? .zero))
        }

        /// The public key of a seed of 32 bytes; the signing key is left in the 64 bytes of `scratch`.
        static func publicKey(seed: UnsafePointer<UInt8>, scratch: UnsafeMutablePointer<UInt8>) -> PublicKey {
            var publicBytes = [UInt8](repeating: 0, count: PublicKey.byteCount)
            _ = crypto_sign_seed_keypair(&publicBytes, scratch, seed)
            return PublicKey(storage: Hash256(bytes: publicBytes) ?? .zero)
        }

        /// The signature of `message`; the same message always gets the same one.
        public func sign(_ message: [UInt8]) -> Signature { message.withUnsafeBytes { sign($0) } }

        /// The signature of the 32 bytes of `hash`.
        public func sign(_ hash: Hash256) -> Signature { hash.withUnsafeBytes { sign($0) } }

        /// The signature of `message`; the same message always gets the same one.
        public func sign(_ message: UnsafeRawBufferPointer) -> Signature {
            var bytes = [UInt8](repeating: 0, count: Signature.byteCount)
            secret.withBytes { secret in
                _ = crypto_sign_detached(
                    &bytes, nil, message.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(message.count),
                    secret)
            }
            return Signature(
                point: Hash256(bytes: bytes.prefix(32)) ?? .zero, scalar: Hash256(bytes: bytes.suffix(32)) ?? .zero)
        }

        /// Calls `body` with the 32 bytes of the seed; the pointer must not be kept.
        func withUnsafeSeed<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
            try secret.withUnsafeBytes { (bytes) throws(E) -> R in
                try body(UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.seedByteCount)))
            }
        }
    }
}

extension Ed25519.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Ed25519.PrivateKey(redacted, public \(publicKey))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
