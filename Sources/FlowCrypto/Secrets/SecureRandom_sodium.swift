internal import CSodium

/// Random bytes of the operating system's generator, fit for keys.
public enum SecureRandom {
    /// `count` random bytes; none for a count below one.
    public static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        _ = Sodium.isReady
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
