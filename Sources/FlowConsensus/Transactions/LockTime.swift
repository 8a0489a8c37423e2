/// Absolute lock times: the first height or median time past at which a transaction may stand in a block.
enum LockTime {
    /// Below, a lock time is a height; from here on, seconds since 1970.
    static let timeThreshold: UInt32 = 500_000_000

    /// True when the transaction may stand in a block at `height` whose parent's median time past is given (BIP-113): its
    /// lock time is 0 or has passed (is below), or all its sequences are final.
    static func isFinal(_ transaction: Transaction, height: BlockHeight, medianTimePast: UInt64) -> Bool {
        let lock = transaction.lockTime
        guard lock != 0 else { return true }
        let clock = lock < timeThreshold ? UInt64(height) : medianTimePast
        return UInt64(lock) < clock || transaction.inputs.allSatisfy { $0.sequence == TransactionInput.finalSequence }
    }
}
