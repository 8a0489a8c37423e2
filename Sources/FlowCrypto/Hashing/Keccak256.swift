/// Keccak-256 as Ethereum and the SHA-3 submission define it: Keccak[r = 1088, c = 512] with the original padding
/// byte 0x01. It is not SHA3-256, whose padding byte is 0x06.
///
/// The state lives in the value; hashing allocates nothing.
public struct Keccak256: Sendable {
    /// Bytes absorbed by one permutation.
    public static let rate = 136

    private typealias Lanes = (
        UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
        UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64
    )
    private var lanes: Lanes = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    /// Bytes absorbed since the last permutation, below `rate`.
    private var position = 0

    /// A hasher that has absorbed nothing.
    public init() {}

    private static func withLanes<R>(_ lanes: inout Lanes, _ body: (UnsafeMutablePointer<UInt64>) -> R) -> R {
        withUnsafeMutableBytes(of: &lanes) { raw in
            // A tuple of 25 is never empty, so the base address exists.
            body(raw.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt64.self))
        }
    }

    /// Absorbs bytes; several updates equal one update with the bytes joined.
    public mutating func update(_ raw: UnsafeRawBufferPointer) {
        guard let base = raw.baseAddress else { return }
        var position = position
        Self.withLanes(&lanes) { lanes in
            var next = 0
            let end = raw.count
            while next < end {
                if position == 0, end - next >= Self.rate {
                    for lane in 0..<(Self.rate / 8) {
                        lanes[lane] ^= UInt64(
                            littleEndian: base.loadUnaligned(fromByteOffset: next &+ lane &* 8, as: UInt64.self))
                    }
                    KeccakPermutation.apply(lanes)
                    next &+= Self.rate
                } else if position & 7 == 0, end - next >= 8 {
                    lanes[position &>> 3] ^= UInt64(
                        littleEndian: base.loadUnaligned(fromByteOffset: next, as: UInt64.self))
                    next &+= 8
                    position &+= 8
                } else {
                    let byte = UInt64(base.load(fromByteOffset: next, as: UInt8.self))
                    lanes[position &>> 3] ^= byte &<< UInt64((position & 7) &* 8)
                    next &+= 1
                    position &+= 1
                }
                if position == Self.rate {
                    KeccakPermutation.apply(lanes)
                    position = 0
                }
            }
        }
        self.position = position
    }

    /// Absorbs bytes.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }
    /// Absorbs bytes.
    public mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }
    /// Absorbs the hash's 32 bytes in memory order.
    public mutating func update(_ hash: Hash256) { hash.withUnsafeBytes { update($0) } }

    /// Absorbs a label's UTF-8 bytes, without length or terminator.
    public mutating func update(_ text: StaticString) {
        update(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Absorbs an integer's bytes, least significant first.
    public mutating func update(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { update($0) } }
    /// Absorbs an integer's bytes, least significant first.
    public mutating func update(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// The hash of what has been absorbed. The value itself stays as it is and can absorb more.
    public func finalize() -> Hash256 {
        var lanes = lanes
        return Self.withLanes(&lanes) { lanes in
            lanes[position &>> 3] ^= 1 &<< UInt64((position & 7) &* 8)
            lanes[Self.rate / 8 - 1] ^= 0x8000_0000_0000_0000
            KeccakPermutation.apply(lanes)
            return Hash256(littleEndianWords: (lanes[0], lanes[1], lanes[2], lanes[3]))
        }
    }

    /// Keccak-256 of `bytes`.
    public static func hash(_ bytes: [UInt8]) -> Hash256 { bytes.withUnsafeBytes { hash($0) } }

    /// Keccak-256 of `raw`.
    public static func hash(_ raw: UnsafeRawBufferPointer) -> Hash256 {
        var hasher = Keccak256()
        hasher.update(raw)
        return hasher.finalize()
    }

    /// `keccak256d`: the hash of the hash's 32 bytes.
    public static func doubleHash(_ bytes: [UInt8]) -> Hash256 { hash(bytes).hashedAgain }

    /// `keccak256d`: the hash of the hash's 32 bytes.
    public static func doubleHash(_ raw: UnsafeRawBufferPointer) -> Hash256 { hash(raw).hashedAgain }
}

extension Hash256 {
    fileprivate var hashedAgain: Hash256 { withUnsafeBytes { Keccak256.hash($0) } }
}
