internal import CSodium

/// SHA-256, as BIP-39's checksum needs it.
enum SHA256 {
    static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
        return digest
    }

    /// The first byte of the hash of secret bytes.
    static func firstByte(_ secret: SecretBytes) -> UInt8 {
        var digest = [UInt8](repeating: 0, count: 32)
        secret.withBytes { _ = crypto_hash_sha256(&digest, $0, UInt64(secret.count)) }
        return digest[0]
    }
}
