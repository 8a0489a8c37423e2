import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

/// Looks through all coins of one moment for those that certain programs lock. Blocks; it belongs on a thread of its own.
struct CoinScan: Sendable {
    struct Found: Sendable {
        /// The tip that the coins belong to.
        let tip: BlockIndexEntry
        /// How many coins were looked at.
        let scanned: Int
        /// In the order of their outpoints.
        let coins: [(outPoint: OutPoint, coin: Coin)]
        let total: Amount
    }

    let snapshot: any KeyValueReading
    let tip: BlockIndexEntry

    /// - Parameter progress: told the part that is done, 0 … 1
    /// - Throws: `NodeError`, `CancellationError`
    func run(for programs: Set<LockProgram>, cancel: CancellationFlag = CancellationFlag(), progress: (Double) -> Void = { _ in }) throws -> Found {
        var coins: [(outPoint: OutPoint, coin: Coin)] = []
        var total = Amount.zero
        var scanned = 0
        do {
            try snapshot.scan(prefix: StoreKey.coinPrefix) { key, value in
                scanned += 1
                if scanned % 4_096 == 0 {
                    try cancel.check()
                    // Ids are spread evenly.
                    progress(key.dropFirst(StoreKey.coinPrefix.count).prefix(2).reduce(0.0) { $0 * 256 + Double($1) } / 65_536)
                }
                let coin = try Coin(decoding: value)
                guard programs.contains(coin.output.program) else { return true }
                coins.append((try OutPoint(decoding: Array(key.dropFirst(StoreKey.coinPrefix.count))), coin))
                total = total.adding(coin.output.value) ?? .maxMoney
                return true
            }
        } catch let error as StoreError {
            throw NodeError(store: error)
        } catch let error as DecodingFault {
            throw NodeError(.storeCorrupted, "a stored coin does not decode; delete the data directory and let the node sync again", cause: error)
        }
        try cancel.check()
        progress(1)
        return Found(tip: tip, scanned: scanned, coins: coins, total: total)
    }
}
