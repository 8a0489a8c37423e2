public import FlowConsensus
public import FlowCrypto

extension ChainService {
    /// Takes a transaction into the mempool.
    /// - Returns: its fee
    /// - Throws: `MempoolRejection`, or `NodeError` when the store fails
    @discardableResult
    public func submit(_ transaction: Transaction) throws -> Amount {
        try checkRunning()
        for dropped in mempool.expire(now: clock()) { send(.dropped(dropped)) }
        let entry = try admit(transaction)
        send(.transaction(entry.txid))
        return entry.fee
    }

    /// Checks a transaction as `submit` does and keeps nothing.
    public func test(_ transaction: Transaction) throws -> Amount { try judge(transaction).entry.fee }

    private func admit(_ transaction: Transaction) throws -> MempoolEntry {
        let (entry, leaving) = try judge(transaction)
        mempool.add(entry, evicting: leaving)
        for dropped in leaving { send(.dropped(dropped)) }
        return entry
    }

    /// Everything that rules and policy ask of a transaction; signatures, which cost the most, come last.
    private func judge(_ transaction: Transaction) throws -> (entry: MempoolEntry, leaving: Set<Hash256>) {
        guard let tip = index.tip else { throw NodeError(.unknownBlock, "there is no tip yet") }
        let txid = transaction.txid
        try mempool.precheck(transaction, txid: txid, size: transaction.encodedLength)
        let coins = MempoolCoins(base: store, mempool: mempool, height: tip.height &+ 1)
        do {
            let (fee, spent) = try TransactionRules.checkCoins(
                transaction, coins: coins, context: IndexContext(index: index, parentEntry: tip))
            let entry = MempoolEntry(transaction, txid: txid, fee: fee, spent: spent, time: clock(), height: tip.height)
            let leaving = try mempool.admission(of: entry, spending: spent)
            try TransactionRules.checkWitnesses(transaction, coins: spent, genesisHash: genesisHash)
            return (entry, leaving)
        } catch let violation as TransactionViolation {
            throw try rejection(violation, transaction: transaction, txid: txid)
        }
    }

    private func rejection(_ violation: TransactionViolation, transaction: Transaction, txid: Hash256) throws -> MempoolRejection {
        guard case .missingCoin = violation else {
            return MempoolRejection(violation.isTemporary ? .early : .invalid, violation.identifier, "\(violation)")
        }
        // Its own outputs among the coins say that it is confirmed already.
        for output in transaction.outputs.indices.prefix(8) {
            if try store.coin(for: OutPoint(txid: txid, index: UInt32(output))) != nil {
                return MempoolRejection(.confirmed, "txn-already-known", "it stands in the chain already")
            }
        }
        return MempoolRejection(.missingInputs, "bad-txns-inputs-missingorspent", "\(violation)")
    }

    /// After blocks were left: their transactions wait again, and everything in the pool is checked on the new tip.
    func readmit(_ homeless: [Transaction]) {
        let waiting = mempool.drain()
        for transaction in homeless { _ = try? admit(transaction) }
        for entry in waiting where mempool[entry.txid] == nil {
            if (try? admit(entry.transaction)) == nil { send(.dropped(entry.txid)) }
        }
    }

    // MARK: questions

    /// All waiting transactions, parents before children, else the best paying first.
    public func mempoolEntries() -> [MempoolEntry] { mempool.ordered }

    public func mempoolEntry(_ txid: Hash256) -> MempoolEntry? { mempool[txid] }

    /// Number of transactions, their bytes, and the policy.
    public func mempoolStatus() -> (count: Int, bytes: Int, policy: MempoolPolicy) {
        (mempool.entries.count, mempool.byteCount, mempool.policy)
    }
}

/// The coins of the tip together with the outputs of waiting transactions.
struct MempoolCoins: CoinView {
    let base: ChainStore
    let mempool: Mempool
    let height: BlockHeight

    func coin(for outPoint: OutPoint) throws -> Coin? {
        if let coin = mempool.coin(for: outPoint, height: height) { return coin }
        return try base.coin(for: outPoint)
    }
}
