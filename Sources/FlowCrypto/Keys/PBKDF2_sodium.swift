internal import CSodium

/// PBKDF2 with HMAC-SHA-512 (RFC 8018).
enum PBKDF2 {
    /// The longest key that can be asked for, in bytes.
    static let maximumLength = 65_536

    /// A key of `length` bytes.
    /// - Throws: `CryptoError.parameterOutOfRange` for fewer than one or more than 2³² − 1 iterations,
    ///   `lengthOutOfRange` for a key below 1 or above 65,536 bytes.
    static func deriveKey(
        password: [UInt8], salt: [UInt8], iterations: Int, length: Int
    ) throws(CryptoError) -> SecretBytes {
        guard iterations >= 1, iterations <= Int(UInt32.max) else {
            throw .parameterOutOfRange("iterations", range: 1...UInt64(UInt32.max), actual: UInt64(clamping: iterations))
        }
        guard (1...maximumLength).contains(length) else {
            throw .lengthOutOfRange("a key", range: 1...maximumLength, actual: length)
        }
        return password.withUnsafeBytes { password in
            salt.withUnsafeBytes { deriveValidKey(password: password, salt: $0, iterations: iterations, length: length) }
        }
    }

    /// As above for parameters known to be in range.
    static func deriveValidKey(
        password: UnsafeRawBufferPointer, salt: UnsafeRawBufferPointer, iterations: Int, length: Int
    ) -> SecretBytes {
        let blockLength = HMACSHA512.byteCount
        typealias State = crypto_auth_hmacsha512_state
        return SecretBytes(count: length) { output in
            // Keyed state, working state, one block: all of it wiped with the object.
            let stateSize = MemoryLayout<State>.stride
            _ = SecretBytes(
                count: 2 * stateSize + blockLength,
                fillBytes: { scratch in
                    let keyed = UnsafeMutableRawPointer(scratch)
                    let working = keyed + stateSize
                    let block = scratch + 2 * stateSize
                    let state = working.bindMemory(to: State.self, capacity: 1)
                    HMACSHA512.start(keyed.bindMemory(to: State.self, capacity: 1), key: password)
                    var index: UInt32 = 0
                    var written = 0
                    while written < length {
                        index += 1
                        working.copyMemory(from: keyed, byteCount: stateSize)
                        crypto_auth_hmacsha512_update(
                            state, salt.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(salt.count))
                        withUnsafeBytes(of: index.bigEndian) { counter in
                            _ = crypto_auth_hmacsha512_update(
                                state, counter.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(counter.count))
                        }
                        crypto_auth_hmacsha512_final(state, block)
                        let count = min(blockLength, length - written)
                        for place in 0..<count { output[written + place] = block[place] }
                        var round = 1
                        while round < iterations {
                            working.copyMemory(from: keyed, byteCount: stateSize)
                            crypto_auth_hmacsha512_update(state, block, UInt64(blockLength))
                            crypto_auth_hmacsha512_final(state, block)
                            for place in 0..<count { output[written + place] ^= block[place] }
                            round += 1
                        }
                        written += count
                    }
                })
        }
    }
}
