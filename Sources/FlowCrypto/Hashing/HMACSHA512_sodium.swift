internal import CSodium

/// HMAC-SHA-512 (RFC 2104).
enum HMACSHA512 {
    /// Bytes of an untruncated code.
    static let byteCount = 64

    /// The 64-byte code of `message` under a key of any length.
    static func authenticate(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: byteCount)
        key.withUnsafeBytes { key in message.withUnsafeBytes { compute([$0], key: key, into: &code) } }
        return code
    }

    /// Whether `code` is the code of `message` or its first `code.count` bytes, at least 16; in constant time.
    static func isValid(_ code: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        guard (16...byteCount).contains(code.count) else { return false }
        return sodium_memcmp(code, authenticate(message, key: key), code.count) == 0
    }

    /// Writes the code of the parts joined to 64 bytes at `code`; leaves nothing of secrets on the stack.
    static func compute(
        _ parts: [UnsafeRawBufferPointer], key: UnsafeRawBufferPointer, into code: UnsafeMutablePointer<UInt8>
    ) {
        var state = crypto_auth_hmacsha512_state()
        defer { sodium_memzero(&state, MemoryLayout.size(ofValue: state)) }
        start(&state, key: key)
        for part in parts {
            crypto_auth_hmacsha512_update(
                &state, part.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(part.count))
        }
        crypto_auth_hmacsha512_final(&state, code)
    }

    /// Keys a state; an empty key needs a pointer all the same.
    static func start(_ state: UnsafeMutablePointer<crypto_auth_hmacsha512_state>, key: UnsafeRawBufferPointer) {
        var none: UInt8 = 0
        if let base = key.baseAddress, key.count > 0 {
            crypto_auth_hmacsha512_init(state, base.assumingMemoryBound(to: UInt8.self), key.count)
        } else {
            crypto_auth_hmacsha512_init(state, &none, 0)
        }
    }
}
