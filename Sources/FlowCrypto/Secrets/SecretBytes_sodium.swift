internal import CSodium

/// Bytes that must not leak: they lie in libsodium's guarded memory (locked where the system allows it, fenced by
/// unreadable pages, read-only after they were filled), are wiped when the last reference goes, compare in constant
/// time and are never printed.
///
/// When the system grants no guarded memory, ordinary memory serves, which is wiped just the same.
public final class SecretBytes: @unchecked Sendable {
    // Unchecked, because the memory behind the pointer is written only inside the initialiser.
    private let pointer: UnsafeMutableRawPointer
    private let isGuarded: Bool
    /// How many bytes there are.
    public let count: Int

    /// - Parameters:
    ///   - count: bytes, below zero taken as zero.
    ///   - fill: writes them; they are zero before.
    init<E: Error>(count: Int, fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        self.count = max(0, count)
        if Sodium.isReady, let guarded = sodium_malloc(max(1, self.count)) {
            pointer = guarded
            isGuarded = true
        } else {
            pointer = .allocate(byteCount: max(1, self.count), alignment: 16)
            isGuarded = false
        }
        sodium_memzero(pointer, self.count)
        // When this throws, the object is already whole, and deinit wipes and frees.
        try fill(UnsafeMutableRawBufferPointer(start: pointer, count: self.count))
        if isGuarded { sodium_mprotect_readonly(pointer) }
    }

    /// As the other, with a typed pointer to the first byte, for C functions.
    convenience init(count: Int, fillBytes: (UnsafeMutablePointer<UInt8>) -> Void) {
        self.init(count: count) { (buffer: UnsafeMutableRawBufferPointer) in
            if let base = buffer.baseAddress { fillBytes(base.assumingMemoryBound(to: UInt8.self)) }
        }
    }

    /// Copies bytes in. The array given stays with its owner and is not wiped.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Copies bytes in.
    convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// `count` random bytes.
    public static func random(_ count: Int) -> SecretBytes {
        SecretBytes(count: count, fillBytes: { randombytes_buf($0, max(0, count)) })
    }

    deinit {
        if isGuarded {
            // Wipes before it frees.
            sodium_free(pointer)
        } else {
            sodium_memzero(pointer, count)
            pointer.deallocate()
        }
    }

    /// Calls `body` with the bytes; the pointer must not be kept.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: pointer, count: count))
    }

    /// Calls `body` with a typed pointer to the first byte, for C functions.
    func withBytes<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        defer { withExtendedLifetime(self) {} }
        return body(UnsafePointer(pointer.assumingMemoryBound(to: UInt8.self)))
    }

    /// Overwrites the bytes with zeros in a way that the optimiser keeps. The array must be the only holder of its
    /// storage, or a copy is wiped instead.
    static func wipe(_ bytes: inout [UInt8]) {
        let count = bytes.count
        bytes.withUnsafeMutableBytes { if let base = $0.baseAddress { sodium_memzero(base, count) } }
    }

    /// A copy in ordinary memory, which nobody wipes: for writing into something that is sealed next.
    func copyToArray() -> [UInt8] { withUnsafeBytes { Array($0) } }
}

extension SecretBytes: Equatable {
    /// Takes the same time wherever the first difference lies.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.count == right.count && sodium_memcmp(left.pointer, right.pointer, left.count) == 0
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "SecretBytes(\(count) bytes, redacted)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
