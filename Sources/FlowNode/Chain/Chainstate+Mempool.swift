import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowStore

extension Chainstate {
    /// Takes a transaction into the mempool.
    /// - Returns: its fee
    /// - Throws: `MempoolRejection`, or `NodeError` when the store fails
    func submit(_ transaction: Transaction) throws -> Amount {
        try checkSound()
        tellDeparture(of: mempool.expire(now: clock()))
        let entry = try admit(transaction)
        tellArrival(of: transaction, entry.txid)
        return entry.fee
    }

    // MARK: kept over restarts

    /// Writes down what came to the pool and went since the last time: a node that is killed comes back with it.
    func saveMempool() throws(NodeError) {
        guard keepsMempool, savedMempool != mempool.sequence else { return }
        let changed: Set<Hash256>
        if let last = mempool.changes(since: savedMempool) {
            changed = last
        } else {
            changed = Set(mempool.entries.keys).union(try store.waiting().map(\.txid))
        }
        var batch = WriteBatch()
        for txid in changed {
            if let entry = mempool[txid] { batch.put(StoreKey.waiting(txid), WaitingTransaction(entry).encoded) } else { batch.delete(StoreKey.waiting(txid)) }
        }
        savedMempool = mempool.sequence
        // It survives the process; a power cut may take the last ones.
        try persist(batch, sync: false)
    }

    /// Takes what waited when the node ended into the pool again, as far as the rules and its policy still allow it.
    func loadMempool() throws(NodeError) {
        guard keepsMempool else { return }
        let stored = try store.waiting()
        var waiting = stored.compactMap(\.record)
        // In the order in which they came; a child may have the same second as its parent, so what lacks coins is tried again.
        waiting.sort { ($0.time, $0.transaction.txid) < ($1.time, $1.transaction.txid) }
        while true {
            let count = waiting.count
            waiting.removeAll { (try? admit($0.transaction, time: $0.time)) != nil }
            if waiting.isEmpty || waiting.count == count { break }
        }
        tellDeparture(of: mempool.expire(now: clock()))
        var batch = WriteBatch()
        for (txid, _) in stored where mempool[txid] == nil { batch.delete(StoreKey.waiting(txid)) }
        savedMempool = mempool.sequence
        try persist(batch, sync: false)
    }

    /// Checks a transaction as `submit` does and keeps nothing.
    func test(_ transaction: Transaction) throws -> Amount { try judge(transaction, time: clock(), in: mempool).entry.fee }

    // MARK: several at once

    /// Checks transactions that may depend on each other, parents first, and keeps nothing.
    /// - Returns: for each what it would be in the pool with those before it, or why it is refused
    /// - Throws: `MempoolRejection` where they are no package
    func test(package: [Transaction]) throws -> [Result<MempoolEntry, MempoolRejection>] {
        try checkPackage(package)
        var pool = mempool
        let now = clock()
        return try package.map { transaction -> Result<MempoolEntry, MempoolRejection> in
            do {
                let (entry, admission) = try judge(transaction, time: now, in: pool)
                pool.add(entry, admission, now: now)
                return .success(entry)
            } catch let rejection as MempoolRejection {
                return .failure(rejection)
            }
        }
    }

    /// Takes transactions that depend on each other, all or none of them; those that wait already count as taken.
    /// - Returns: why each is refused; all nil when they were taken
    /// - Throws: `MempoolRejection` where they are no package
    func submit(package: [Transaction]) throws -> [MempoolRejection?] {
        try checkSound()
        let refusals = try test(package: package).map { result -> MempoolRejection? in
            if case .failure(let rejection) = result, rejection.kind != .known { rejection } else { nil }
        }
        guard refusals.allSatisfy({ $0 == nil }) else { return refusals }
        for transaction in package where mempool[transaction.txid] == nil { _ = try submit(transaction) }
        return refusals
    }

    /// Transactions as they would wait in an empty pool, parents before children.
    /// - Throws: `MempoolRejection`
    func entries(of transactions: [Transaction]) throws -> [MempoolEntry] {
        var pool = Mempool(policy: mempool.policy)
        let now = clock()
        return try transactions.map { transaction in
            let (entry, admission) = try judge(transaction, time: now, in: pool)
            pool.add(entry, admission, now: now)
            return entry
        }
    }

    private func checkPackage(_ package: [Transaction]) throws(MempoolRejection) {
        let policy = mempool.policy
        guard package.count <= policy.maximumPackage else {
            throw MempoolRejection(.policy, "package-too-many-transactions", "\(package.count) transactions, at most \(policy.maximumPackage) are tested together")
        }
        let size = package.reduce(0) { $0 + $1.encodedLength }
        guard package.count < 2 || size <= policy.maximumChainSize else {
            throw MempoolRejection(.policy, "package-too-large", "\(size) bytes, at most \(policy.maximumChainSize) are tested together")
        }
        let txids = package.map(\.txid)
        guard Set(txids).count == txids.count else { throw MempoolRejection(.policy, "package-contains-duplicates", "a transaction stands in it twice") }
        var later = Set(txids)
        var spent: Set<OutPoint> = []
        for (transaction, txid) in zip(package, txids) {
            if let input = transaction.inputs.first(where: { later.contains($0.outPoint.txid) }) {
                throw MempoolRejection(.policy, "package-not-sorted", "\(txid) spends \(input.outPoint), which comes behind it; parents come first")
            }
            later.remove(txid)
            for input in transaction.inputs where !spent.insert(input.outPoint).inserted {
                throw MempoolRejection(.policy, "conflict-in-package", "two of them spend \(input.outPoint)")
            }
        }
    }

    // MARK: judging

    /// - Parameter time: when it came, in seconds since 1970; nil for now
    @discardableResult
    private func admit(_ transaction: Transaction, time: UInt64? = nil) throws -> MempoolEntry {
        let now = clock()
        let (entry, admission) = try judge(transaction, time: time ?? now, in: mempool)
        mempool.add(entry, admission, now: now)
        tellDeparture(of: admission.leaving)
        return entry
    }

    /// Everything that rules and policy ask of a transaction; signatures, which cost the most, come last.
    private func judge(_ transaction: Transaction, time: UInt64, in pool: Mempool) throws -> (entry: MempoolEntry, admission: MempoolAdmission) {
        let tip = tree.tip
        guard let context = tree.context(on: tip.hash) else { throw NodeError(.unknownBlock, "there is no tip yet") }
        let txid = transaction.txid
        try pool.precheck(transaction, txid: txid, size: transaction.encodedLength)
        let coins = MempoolCoins(base: store, mempool: pool, height: tip.height &+ 1)
        do {
            let (fee, spent) = try TransactionRules.checkCoins(
                transaction, coins: coins, context: context)
            let entry = MempoolEntry(transaction, txid: txid, fee: fee, spent: spent, time: time, height: tip.height)
            let admission = try pool.admission(of: entry, spending: spent, now: clock())
            try TransactionRules.checkWitnesses(transaction, coins: spent, domain: validator.signatureDomain(at: entry.height &+ 1))
            return (entry, admission)
        } catch let violation as TransactionViolation {
            throw try rejection(violation, transaction: transaction, txid: txid)
        }
    }

    private func rejection(_ violation: TransactionViolation, transaction: Transaction, txid: Hash256) throws -> MempoolRejection {
        guard case .missingCoin = violation else {
            let isEarly = violation.isTemporary || isSignature(violation) && isNextToAmendment
            return MempoolRejection(isEarly ? .early : .invalid, violation.identifier, "\(violation)")
        }
        // Its own outputs among the coins say that it is confirmed already.
        for output in transaction.outputs.indices.prefix(8) {
            if try store.coin(for: OutPoint(txid: txid, index: UInt32(output))) != nil {
                return MempoolRejection(.confirmed, "txn-already-known", "it stands in the chain already")
            }
        }
        return MempoolRejection(.missingInputs, "bad-txns-inputs-missingorspent", "\(violation)")
    }

    private func isSignature(_ violation: TransactionViolation) -> Bool {
        if case .signature = violation { true } else { false }
    }

    /// A peer whose tip is a block behind or ahead signs for other rules here, and is not to blame.
    private var isNextToAmendment: Bool {
        let next = tree.tip.height &+ 1
        return [next &- 1, next &+ 1].contains { validator.signatureDomain(at: $0) != validator.signatureDomain(at: next) }
    }

    /// After blocks were left: their transactions wait again, and everything in the pool is checked on the new tip.
    func readmit(_ returned: [Transaction]) {
        let waiting = mempool.drain()
        for transaction in returned {
            if let entry = try? admit(transaction) { tellArrival(of: transaction, entry.txid, returns: true) }
        }
        for entry in waiting where mempool[entry.txid] == nil {
            if (try? admit(entry.transaction, time: entry.time)) == nil { tellDeparture(of: [entry.txid]) }
        }
    }

    /// An unspent output, counting the mempool: what it spends is gone, what it makes is there with the next height.
    func coinWithMempool(_ outPoint: OutPoint) throws -> Coin? {
        if mempool.spender(of: outPoint) != nil { return nil }
        if let coin = mempool.coin(for: outPoint, height: tree.tip.height &+ 1) { return coin }
        return try store.coin(for: outPoint)
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
