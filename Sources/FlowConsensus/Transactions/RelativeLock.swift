/// The relative lock time that a sequence number states (BIP-68).
public enum RelativeLock: Hashable, Sendable {
    /// The input may be spent at once.
    case none
    /// So many blocks after the block of the output.
    case blocks(UInt16)
    /// So many seconds, a multiple of 512, after the median time past of the block before that of the output.
    case seconds(UInt32)

    static let disableBit: UInt32 = 1 << 31
    static let timeBit: UInt32 = 1 << 22

    /// Reads a sequence of a transaction with this version; below version 2 there are no relative locks.
    public init(sequence: UInt32, version: UInt32) {
        guard version >= 2, sequence & Self.disableBit == 0 else {
            self = .none
            return
        }
        let value = UInt16(truncatingIfNeeded: sequence)
        self = sequence & Self.timeBit != 0 ? .seconds(UInt32(value) << 9) : .blocks(value)
    }

    /// The sequence that states this lock.
    ///
    /// Seconds are rounded up to a multiple of 512, and held at the longest lock, 33,553,920 s.
    public var sequence: UInt32 {
        switch self {
        case .none: TransactionInput.finalSequence
        case let .blocks(count): UInt32(count)
        case let .seconds(seconds): Self.timeBit | min((seconds / 512) + (seconds % 512 == 0 ? 0 : 1), 0xffff)
        }
    }

    /// Whether this lock holds an input at least as long as `required` (BIP-112): both in blocks or both in seconds, and no shorter.
    /// Nothing required is always met; no lock meets nothing else.
    ///
    /// A later kind of program can demand a lock of whoever spends it, which the signature covers with the sequence.
    public func isAtLeast(_ required: RelativeLock) -> Bool {
        switch (self, required) {
        case (_, .none): true
        case let (.blocks(own), .blocks(other)): own >= other
        case let (.seconds(own), .seconds(other)): own >= other
        default: false
        }
    }
}
