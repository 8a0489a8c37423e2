/// A key of the SLIP-0010 tree for Ed25519: a private key and the chain code from which its children come.
///
/// All derivation is hardened, as Ed25519 requires: children cannot be found from public keys.
public struct ExtendedPrivateKey: Sendable {
    /// Key ‖ chain code.
    private let secret: SecretBytes
    /// The signing key at this place of the tree.
    public let privateKey: Ed25519.PrivateKey
    /// Steps from the master key.
    public let depth: Int

    /// The master key of a seed of 16 to 64 bytes.
    public init(seed: [UInt8]) throws(DerivationError) { try self.init(seed: SecretBytes(seed)) }

    /// The master key of a seed of 16 to 64 bytes, such as ``Mnemonic/seed(passphrase:)`` makes.
    public init(seed: SecretBytes) throws(DerivationError) {
        guard (16...64).contains(seed.count) else { throw .seedLengthInvalid(seed.count) }
        let secret = SecretBytes(
            count: 64,
            fillBytes: { output in
                Array("ed25519 seed".utf8).withUnsafeBytes { key in
                    seed.withUnsafeBytes { HMACSHA512.compute([$0], key: key, into: output) }
                }
            })
        self.init(secret: secret, depth: 0)
    }

    private init(secret: SecretBytes, depth: Int) {
        self.secret = secret
        self.depth = depth
        privateKey = Ed25519.PrivateKey(
            validSeed: secret.withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<32])) })
    }

    /// The 32 bytes that children are derived with; as secret as the key.
    var chainCode: SecretBytes {
        secret.withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[32...])) }
    }

    /// The hardened child `index`, which is below 2³¹ and written without the mark.
    public func derive(index: UInt32) throws(DerivationError) -> ExtendedPrivateKey {
        guard index < 0x8000_0000 else { throw .indexOutOfRange(UInt64(index)) }
        let child = SecretBytes(count: 64, fillBytes: { derive(index: index, into: $0) })
        return ExtendedPrivateKey(secret: child, depth: depth + 1)
    }

    /// Key ‖ chain code of a child, 64 bytes.
    private func derive(index: UInt32, into output: UnsafeMutablePointer<UInt8>) {
        secret.withUnsafeBytes { secret in
            let key = UnsafeRawBufferPointer(rebasing: secret[..<32])
            let chainCode = UnsafeRawBufferPointer(rebasing: secret[32...])
            withUnsafeBytes(of: 0 as UInt8) { zero in
                withUnsafeBytes(of: (index | 0x8000_0000).bigEndian) { index in
                    HMACSHA512.compute([zero, key, index], key: chainCode, into: output)
                }
            }
        }
    }

    /// The public keys of the hardened children `indices`, all below 2³¹, in order: as ``derive(index:)`` for each, at a fifth of its price, since all of them
    /// share one piece of guarded memory.
    public func publicKeys(_ indices: Range<UInt32>) throws(DerivationError) -> [Ed25519.PublicKey] {
        guard indices.upperBound <= 0x8000_0000 else { throw .indexOutOfRange(UInt64(indices.upperBound)) }
        var keys: [Ed25519.PublicKey] = []
        keys.reserveCapacity(indices.count)
        // Key and chain code of a child, then its signing key.
        _ = SecretBytes(
            count: 128,
            fillBytes: { scratch in
                for index in indices {
                    derive(index: index, into: scratch)
                    keys.append(Ed25519.PrivateKey.publicKey(seed: scratch, scratch: scratch + 64))
                }
            })
        return keys
    }

    /// The key at `path` below this one: `m`, then parts such as `44'` (or `44h`, `44H`), each hardened.
    public func derive(path: String) throws(DerivationError) -> ExtendedPrivateKey {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.first == "m" else { throw .pathInvalid(parts.first.map(String.init) ?? "") }
        guard parts.count <= 256 else { throw .pathTooLong(parts.count - 1) }
        var key = self
        for part in parts.dropFirst() {
            let digits = part.prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty else { throw .pathInvalid(String(part)) }
            guard let index = UInt64(digits) else { throw .indexOutOfRange(.max) }
            switch part.dropFirst(digits.count) {
            case "'", "h", "H": break
            case "": throw .notHardened(String(part))
            default: throw .pathInvalid(String(part))
            }
            guard let index = UInt32(exactly: index) else { throw .indexOutOfRange(index) }
            key = try key.derive(index: index)
        }
        return key
    }
}

extension ExtendedPrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "ExtendedPrivateKey(depth \(depth), redacted, public \(privateKey.publicKey))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
