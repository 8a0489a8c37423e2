internal import CSodium

/// HMAC-SHA-256 (RFC 2104), for passwords that are stored as `-rpcauth` stores them.
public enum HMACSHA256 {
    /// The 32-byte code of `message` under a key of any length.
    public static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: 32)
        var state = crypto_auth_hmacsha256_state()
        defer { sodium_memzero(&state, MemoryLayout.size(ofValue: state)) }
        // An empty list may have no address, which libsodium does not take.
        _ = crypto_auth_hmacsha256_init(&state, key + [0], key.count)
        _ = crypto_auth_hmacsha256_update(&state, message, UInt64(message.count))
        _ = crypto_auth_hmacsha256_final(&state, &code)
        return code
    }
}
