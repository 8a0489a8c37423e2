public import FlowConsensus

extension Wallet {
    /// Keeps a coin from being chosen until it is unlocked.
    ///
    /// - Parameter isKept: over restarts too
    /// - Returns: whether it was free before
    /// - Throws: `notSpendable` where it is no unspent coin of the wallet, `file`
    @discardableResult
    public func lock(_ outPoint: OutPoint, isKept: Bool = false) throws(WalletError) -> Bool {
        guard ledger.coin(outPoint) != nil else { throw .notSpendable(outPoint) }
        return try setLock(outPoint, isKept || lockedCoins[outPoint] == true) == nil
    }

    /// - Returns: whether it was locked before
    @discardableResult
    public func unlock(_ outPoint: OutPoint) throws(WalletError) -> Bool { try setLock(outPoint, nil) != nil }

    private func setLock(_ outPoint: OutPoint, _ isKept: Bool?) throws(WalletError) -> Bool? {
        let before = lockedCoins[outPoint]
        lockedCoins[outPoint] = isKept
        if before == true || isKept == true { try save() }
        return before
    }

    public func unlockAllCoins() throws(WalletError) {
        lockedCoins = [:]
        try save()
    }

    /// Locked coins that nothing spends.
    public var lockedOutPoints: [OutPoint] {
        lockedCoins.keys.filter { ledger.coin($0) != nil }.sorted { ($0.txid, $0.index) < ($1.txid, $1.index) }
    }
}
