internal import CLibB2

/// BLAKE2b (RFC 7693), computed by libb2, with a digest of 1 to 64 bytes and an optional key of up to 64.
public struct BLAKE2b: Sendable {
    /// Bytes of the longest digest.
    static let maximumDigestLength = 64
    /// Bytes of the longest key.
    static let maximumKeyLength = 64

    private var state: blake2b_state
    /// Bytes that `finalize` returns.
    let digestLength: Int

    /// - Throws: `CryptoError.lengthOutOfRange` for a digest or key of another length than BLAKE2b has.
    public init(digestLength: Int = 32, key: [UInt8] = []) throws(CryptoError) {
        guard (1...Self.maximumDigestLength).contains(digestLength) else {
            throw .lengthOutOfRange("a digest", range: 1...Self.maximumDigestLength, actual: digestLength)
        }
        guard key.count <= Self.maximumKeyLength else {
            throw .lengthOutOfRange("a key", range: 0...Self.maximumKeyLength, actual: key.count)
        }
        self.digestLength = digestLength
        state = blake2b_state()
        if key.isEmpty {
            blake2b_init(&state, digestLength)
        } else {
            blake2b_init_key(&state, digestLength, key, key.count)
        }
    }

    /// The 32-byte digest without a key, whose lengths are always valid.
    private init() {
        digestLength = Hash256.byteCount
        state = blake2b_state()
        blake2b_init(&state, Hash256.byteCount)
    }

    /// Absorbs bytes; several updates equal one update with the bytes joined.
    public mutating func update(_ raw: UnsafeRawBufferPointer) {
        guard let base = raw.baseAddress, raw.count > 0 else { return }
        blake2b_update(&state, base.assumingMemoryBound(to: UInt8.self), raw.count)
    }

    /// Absorbs bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }
    /// Absorbs bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }
    /// Absorbs the hash's 32 bytes in memory order.
    public mutating func update(_ hash: Hash256) { hash.withUnsafeBytes { update($0) } }

    /// The digest of what has been absorbed. The value itself stays as it is and can absorb more.
    public func finalize() -> [UInt8] {
        var state = state
        return [UInt8](unsafeUninitializedCapacity: digestLength) { buffer, count in
            blake2b_final(&state, buffer.baseAddress, digestLength)
            count = digestLength
        }
    }

    private func finalizeHash() -> Hash256 {
        var state = state
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { raw in
            _ = blake2b_final(&state, raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count)
        }
        return withUnsafeBytes(of: words) { Hash256(bytes: $0) } ?? .zero
    }

    /// BLAKE2b-256 of `bytes` without key.
    public static func hash256(_ bytes: [UInt8]) -> Hash256 { bytes.withUnsafeBytes { hash256($0) } }

    /// BLAKE2b-256 of `raw` without key.
    public static func hash256(_ raw: UnsafeRawBufferPointer) -> Hash256 {
        var hasher = BLAKE2b()
        hasher.update(raw)
        return hasher.finalizeHash()
    }

    /// BLAKE2b-256 of one byte followed by `raw`, without joining them in memory.
    static func hash256(prefix: UInt8, _ raw: UnsafeRawBufferPointer) -> Hash256 {
        var hasher = BLAKE2b()
        withUnsafeBytes(of: prefix) { hasher.update($0) }
        hasher.update(raw)
        return hasher.finalizeHash()
    }

    /// BLAKE2b-256 of one byte followed by two hashes.
    static func hash256(prefix: UInt8, _ left: Hash256, _ right: Hash256) -> Hash256 {
        var hasher = BLAKE2b()
        withUnsafeBytes(of: prefix) { hasher.update($0) }
        hasher.update(left)
        hasher.update(right)
        return hasher.finalizeHash()
    }
}
