internal import CSodium

extension Ed25519 {
    /// The two other forms of RFC 8032, for callers who want signatures that cannot be taken for those of another
    /// purpose. The chain itself uses the plain form only.
    public enum Variant: Hashable, Sendable {
        /// Ed25519ctx: the message under a context of 0 to 255 bytes.
        case context([UInt8])
        /// Ed25519ph: the SHA-512 of the message under a context of 0 to 255 bytes.
        case prehashed(context: [UInt8] = [])

        /// Bytes of the longest context.
        static let maximumContextLength = 255

        /// dom2 of RFC 8032, section 2.
        fileprivate func domain() throws(CryptoError) -> [UInt8] {
            let (flag, context): (UInt8, [UInt8]) =
                switch self {
                case .context(let context): (0, context)
                case .prehashed(let context): (1, context)
                }
            guard context.count <= Self.maximumContextLength else {
                throw .lengthOutOfRange("a context", range: 0...Self.maximumContextLength, actual: context.count)
            }
            return Array("SigEd25519 no Ed25519 collisions".utf8) + [flag, UInt8(context.count)] + context
        }

        fileprivate func body(_ message: [UInt8]) -> [UInt8] {
            switch self {
            case .context: message
            case .prehashed: SHA512.hash([message])
            }
        }
    }
}

extension Ed25519.PrivateKey {
    /// The signature of `message` in another form.
    /// - Throws: `CryptoError.lengthOutOfRange` for a context above 255 bytes.
    public func sign(_ message: [UInt8], variant: Ed25519.Variant) throws(CryptoError) -> Ed25519.Signature {
        let domain = try variant.domain()
        let body = variant.body(message)
        // Expanded key (64), nonce hash (64), nonce (32), product (32).
        var scalar = [UInt8](repeating: 0, count: 32)
        var point = [UInt8](repeating: 0, count: 32)
        let publicBytes = publicKey.bytes
        _ = SecretBytes(count: 192, fillBytes: { base in
            let (expanded, nonceHash, nonce, product) = (base, base + 64, base + 128, base + 160)
            withUnsafeSeed { SHA512.hash([$0], into: expanded) }
            expanded[0] &= 248
            expanded[31] = expanded[31] & 63 | 64
            let prefix = UnsafeRawBufferPointer(start: expanded + 32, count: 32)
            domain.withUnsafeBytes { domain in
                body.withUnsafeBytes { SHA512.hash([domain, prefix, $0], into: nonceHash) }
            }
            crypto_core_ed25519_scalar_reduce(nonce, nonceHash)
            _ = crypto_scalarmult_ed25519_base_noclamp(&point, nonce)
            let challenge = Self.challenge(domain, point, publicBytes, body)
            crypto_core_ed25519_scalar_mul(product, challenge, expanded)
            crypto_core_ed25519_scalar_add(&scalar, product, nonce)
        })
        return Ed25519.Signature(
            point: Hash256(bytes: point) ?? .zero, scalar: Hash256(bytes: scalar) ?? .zero)
    }

    fileprivate static func challenge(
        _ domain: [UInt8], _ point: [UInt8], _ publicKey: [UInt8], _ body: [UInt8]
    ) -> [UInt8] {
        var challenge = [UInt8](repeating: 0, count: 32)
        crypto_core_ed25519_scalar_reduce(&challenge, SHA512.hash([domain, point, publicKey, body]))
        return challenge
    }
}

extension Ed25519.PublicKey {
    /// Whether `signature` is this key's signature of `message` in another form. Here A must also lie in the main
    /// subgroup. False for a context above 255 bytes.
    public func isValid(signature: Ed25519.Signature, for message: [UInt8], variant: Ed25519.Variant) -> Bool {
        guard isWellFormed, signature.isWellFormed, let domain = try? variant.domain() else { return false }
        let challenge = Ed25519.PrivateKey.challenge(domain, signature.point.bytes, bytes, variant.body(message))
        var left = [UInt8](repeating: 0, count: 32)
        var right = left
        var difference = left
        guard crypto_scalarmult_ed25519_base_noclamp(&left, signature.scalar.bytes) == 0,
            crypto_scalarmult_ed25519_noclamp(&right, challenge, bytes) == 0,
            crypto_core_ed25519_sub(&difference, left, right) == 0
        else { return false }
        return difference == signature.point.bytes
    }
}
