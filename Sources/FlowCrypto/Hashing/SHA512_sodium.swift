internal import CSodium

/// SHA-512, as the derivations of Ed25519, BIP-39 and SLIP-0010 need it.
enum SHA512 {
    static let byteCount = 64

    /// The hash of the parts joined.
    static func hash(_ parts: [[UInt8]]) -> [UInt8] {
        var state = crypto_hash_sha512_state()
        crypto_hash_sha512_init(&state)
        for part in parts { crypto_hash_sha512_update(&state, part, UInt64(part.count)) }
        var digest = [UInt8](repeating: 0, count: byteCount)
        crypto_hash_sha512_final(&state, &digest)
        return digest
    }

    /// The hash of the parts joined, written to 64 bytes at `digest`; leaves nothing of secret parts on the stack.
    static func hash(_ parts: [UnsafeRawBufferPointer], into digest: UnsafeMutablePointer<UInt8>) {
        var state = crypto_hash_sha512_state()
        defer { sodium_memzero(&state, MemoryLayout.size(ofValue: state)) }
        crypto_hash_sha512_init(&state)
        for part in parts where part.count > 0 {
            crypto_hash_sha512_update(
                &state, part.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(part.count))
        }
        crypto_hash_sha512_final(&state, digest)
    }
}
