internal import CSodium
internal import FlowEncoding

/// Bytes sealed under a password, for wallets and keys on disk.
///
/// Argon2id (version 1.3) makes the key, XChaCha20-Poly1305 seals; the whole header is authenticated. The form:
/// `FLOWBOX` ‖ version 1 ‖ memory in KiB u32 ‖ passes u32 ‖ salt 16 ‖ nonce 24 ‖ ciphertext ‖ tag 16. Passwords are
/// brought to normalisation form KD, so that the same password typed on another keyboard opens the box.
public enum SealedBox {
    /// The cost of trying one password.
    public struct Parameters: Hashable, Sendable {
        /// Memory that one try fills, in KiB.
        public let memoryKiB: UInt32
        /// Passes over that memory.
        public let passes: UInt32

        /// Memory that a box may state, in KiB.
        static let memoryRange: ClosedRange<UInt64> = 8...(1 << 20)
        /// Passes that a box may state.
        static let passesRange: ClosedRange<UInt64> = 1...16

        /// 64 MiB and three passes (RFC 9106, second recommendation): a fraction of a second.
        public static let standard = Parameters(validMemoryKiB: 64 * 1024, passes: 3)

        /// - Throws: `CryptoError.parameterOutOfRange` outside 8 KiB to 1 GiB and 1 to 16 passes.
        public init(memoryKiB: UInt32, passes: UInt32) throws(CryptoError) {
            guard Self.memoryRange.contains(UInt64(memoryKiB)) else {
                throw .parameterOutOfRange("memory in KiB", range: Self.memoryRange, actual: UInt64(memoryKiB))
            }
            guard Self.passesRange.contains(UInt64(passes)) else {
                throw .parameterOutOfRange("passes", range: Self.passesRange, actual: UInt64(passes))
            }
            self.init(validMemoryKiB: memoryKiB, passes: passes)
        }

        private init(validMemoryKiB: UInt32, passes: UInt32) {
            (memoryKiB, self.passes) = (validMemoryKiB, passes)
        }
    }

    /// Bytes that sealing adds.
    static let overhead = headerLength + tagLength

    private static let magic = Array("FLOWBOX".utf8)
    private static let version: UInt8 = 1
    private static let saltLength = 16
    private static let nonceLength = 24
    private static let tagLength = 16
    private static let headerLength = 7 + 1 + 4 + 4 + saltLength + nonceLength

    /// Seals a copy of `plaintext`; salt and nonce are random, so no two boxes are alike.
    public static func seal(
        _ plaintext: [UInt8], password: String, parameters: Parameters = .standard
    ) throws(CryptoError) -> [UInt8] {
        let lid = try Lid(password: password, parameters: parameters)
        return plaintext.withUnsafeBytes { lid.seal($0) }
    }

    /// Seals the secret; salt and nonce are random, so no two boxes are alike.
    public static func seal(
        _ secret: SecretBytes, password: String, parameters: Parameters = .standard
    ) throws(CryptoError) -> [UInt8] {
        let lid = try Lid(password: password, parameters: parameters)
        return secret.withUnsafeBytes { lid.seal($0) }
    }

    /// A fresh header and its key.
    private struct Lid {
        let header: [UInt8]
        let nonce = SecureRandom.bytes(nonceLength)
        let key: SecretBytes

        init(password: String, parameters: Parameters) throws(CryptoError) {
            let salt = SecureRandom.bytes(saltLength)
            var writer = ByteWriter()
            writer.write(bytes: magic)
            writer.write(version)
            writer.write(parameters.memoryKiB)
            writer.write(parameters.passes)
            writer.write(bytes: salt)
            writer.write(bytes: nonce)
            header = writer.bytes
            key = try SealedBox.key(password: password, salt: salt, parameters: parameters)
        }

        func seal(_ plaintext: UnsafeRawBufferPointer) -> [UInt8] {
            var ciphertext = [UInt8](repeating: 0, count: plaintext.count + tagLength)
            key.withBytes { key in
                _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                    &ciphertext, nil, plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    UInt64(plaintext.count), header, UInt64(header.count), nil, nonce, key)
            }
            return header + ciphertext
        }
    }

    /// What was sealed, in ordinary memory.
    /// - Throws: `notASealedBox`, `sealedBoxVersionUnknown`, `parameterOutOfRange` (before any memory is asked for),
    ///   `memoryRefused` or `authenticationFailed`.
    public static func open(_ sealed: [UInt8], password: String) throws(CryptoError) -> [UInt8] {
        try openSecret(sealed, password: password).copyToArray()
    }

    /// What was sealed, in guarded memory; throws as `open` does.
    public static func openSecret(_ sealed: [UInt8], password: String) throws(CryptoError) -> SecretBytes {
        let (parameters, salt, nonce) = try readHeader(sealed)
        let key = try key(password: password, salt: salt, parameters: parameters)
        let header = Array(sealed.prefix(headerLength))
        let ciphertext = Array(sealed.dropFirst(headerLength))
        var isGenuine = false
        let plaintext = SecretBytes(
            count: ciphertext.count - tagLength,
            fillBytes: { output in
                key.withBytes { key in
                    isGenuine = crypto_aead_xchacha20poly1305_ietf_decrypt(
                        output, nil, nil, ciphertext, UInt64(ciphertext.count), header, UInt64(header.count), nonce,
                        key) == 0
                }
            })
        guard isGenuine else { throw .authenticationFailed }
        return plaintext
    }

    /// The cost that a box states, without opening it.
    public static func parameters(of sealed: [UInt8]) throws(CryptoError) -> Parameters {
        try readHeader(sealed).parameters
    }

    private static func readHeader(
        _ sealed: [UInt8]
    ) throws(CryptoError) -> (parameters: Parameters, salt: [UInt8], nonce: [UInt8]) {
        guard sealed.count >= overhead, sealed.starts(with: magic) else { throw .notASealedBox }
        guard sealed[magic.count] == version else { throw .sealedBoxVersionUnknown(sealed[magic.count]) }
        var reader = ByteReader(sealed[(magic.count + 1)...])
        let fields: (UInt32, UInt32, [UInt8], [UInt8])
        do {
            fields = (
                try reader.readUInt32(), try reader.readUInt32(), try reader.readBytes(saltLength),
                try reader.readBytes(nonceLength)
            )
        } catch {
            throw .notASealedBox
        }
        return (try Parameters(memoryKiB: fields.0, passes: fields.1), fields.2, fields.3)
    }

    private static func key(
        password: String, salt: [UInt8], parameters: Parameters
    ) throws(CryptoError) -> SecretBytes {
        var password = Array(NFKD.normalize(password).utf8)
        defer { SecretBytes.wipe(&password) }
        _ = Sodium.isReady
        let memory = Int(parameters.memoryKiB) * 1024
        var isMade = false
        let key = SecretBytes(
            count: Int(crypto_aead_xchacha20poly1305_ietf_KEYBYTES),
            fillBytes: { output in
                password.withUnsafeBytes { password in
                    // An empty password has no address of its own.
                    withUnsafeBytes(of: 0 as UInt8) { none in
                        let characters = password.count > 0 ? password.baseAddress : none.baseAddress
                        guard let start = characters?.assumingMemoryBound(to: CChar.self) else { return }
                        isMade = crypto_pwhash(
                            output, UInt64(crypto_aead_xchacha20poly1305_ietf_KEYBYTES), start, UInt64(password.count),
                            salt, UInt64(parameters.passes), memory, crypto_pwhash_ALG_ARGON2ID13) == 0
                    }
                }
            })
        guard isMade else { throw .memoryRefused(bytes: memory) }
        return key
    }
}
