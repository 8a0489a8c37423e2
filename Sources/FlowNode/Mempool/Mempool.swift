import FlowConsensus
import FlowCrypto

/// The transactions that wait for a block: a value that decides and knows no clock, store or network.
struct Mempool {
    /// The order in which transactions leave a full pool.
    private struct FeeKey: Comparable {
        let rate: Int64
        let txid: Hash256
        static func < (left: FeeKey, right: FeeKey) -> Bool { (left.rate, left.txid) < (right.rate, right.txid) }
    }

    /// The order in which they leave because of their age.
    private struct AgeKey: Comparable {
        let time: UInt64
        let txid: Hash256
        static func < (left: AgeKey, right: AgeKey) -> Bool { (left.time, left.txid) < (right.time, right.txid) }
    }

    let policy: MempoolPolicy
    private(set) var entries: [Hash256: MempoolEntry] = [:]
    private var spender: [OutPoint: Hash256] = [:]
    private var byFee = SortedKeys<FeeKey>()
    private var byAge = SortedKeys<AgeKey>()
    private(set) var byteCount = 0
    /// Names the pool's state: grows by one with each transaction that comes or goes.
    private(set) var sequence: UInt64 = 0
    /// Which transaction came or went with the last changes.
    private var changed: [Hash256] = []
    private static let keptChanges = 20_000

    init(policy: MempoolPolicy = MempoolPolicy()) { self.policy = policy }

    subscript(txid: Hash256) -> MempoolEntry? { entries[txid] }

    /// The transaction in the pool that spends an output.
    func spender(of outPoint: OutPoint) -> Hash256? { spender[outPoint] }

    /// An output of a transaction in the pool, as a coin of the next block.
    func coin(for outPoint: OutPoint, height: BlockHeight) -> Coin? {
        guard let outputs = entries[outPoint.txid]?.transaction.outputs, outputs.indices.contains(Int(outPoint.index)) else { return nil }
        return Coin(output: outputs[Int(outPoint.index)], height: height, isCoinbase: false)
    }

    // MARK: coming

    /// Checks what can be checked before the coins are looked up.
    func precheck(_ transaction: Transaction, txid: Hash256, size: Int) throws(MempoolRejection) {
        if transaction.isCoinbase { throw MempoolRejection(.invalid, "coinbase", "a coinbase stands only in a block") }
        if entries[txid] != nil { throw MempoolRejection(.known, "txn-already-in-mempool") }
        guard size <= policy.maximumTransactionSize else {
            throw MempoolRejection(.policy, "tx-size", "\(size) bytes, at most \(policy.maximumTransactionSize) are taken; split the payment")
        }
        // Zero and less are for the rules to judge.
        for (index, output) in transaction.outputs.enumerated() where output.value > .zero && output.value.haruki < policy.leastOutput {
            throw MempoolRejection(.policy, "dust", "output \(index) is worth \(output.value.haruki) haruki, at least \(policy.leastOutput) are taken; leave it out or pay more")
        }
        for (index, output) in transaction.outputs.enumerated() where output.program.isAllowed && !output.program.isPayable {
            throw MempoolRejection(.policy, "unknown-output-version", "output \(index) pays to version \(output.program.version), which has no meaning yet: anybody could spend it")
        }
        for input in transaction.inputs {
            if let other = spender[input.outPoint] {
                throw MempoolRejection(.policy, "txn-mempool-conflict", "\(other) spends \(input.outPoint) already; wait until one of them is confirmed")
            }
        }
    }

    /// Checks what needs coins and fee, but not the signatures, of a transaction that consensus allows in the next block.
    /// - Parameter spent: the coins that the inputs spend
    /// - Returns: what has to leave for it
    func admission(of entry: MempoolEntry, spending spent: [Coin]) throws(MempoolRejection) -> Set<Hash256> {
        if let index = spent.firstIndex(where: { !$0.output.program.isPayable }) {
            throw MempoolRejection(.policy, "unknown-input-version", "input \(index) spends version \(spent[index].output.program.version), which has no meaning yet; a later rule may forbid it")
        }
        let (product, overflow) = Int64(clamping: entry.cost).multipliedReportingOverflow(by: policy.minimumFeeRate)
        let needed = (overflow ? .max : product) / 1000
        guard entry.fee.haruki >= needed else {
            throw MempoolRejection(.policy, "min relay fee not met", "\(entry.fee.haruki) haruki for \(entry.size) bytes and \(entry.transaction.outputs.count) outputs, at least \(needed) are wanted; pay more")
        }
        let above = ancestors(of: entry.transaction)
        guard above.count < policy.maximumChain, above.allSatisfy({ descendants(of: $0).count < policy.maximumChain - 1 }) else {
            throw MempoolRejection(.policy, "too-long-mempool-chain", "more than \(policy.maximumChain) unconfirmed transactions depend on each other; wait for a block")
        }
        return try evictions(for: entry, keeping: above)
    }

    /// The cheapest transactions, with what depends on them, that make room for one that pays more.
    private func evictions(for entry: MempoolEntry, keeping ancestors: Set<Hash256>) throws(MempoolRejection) -> Set<Hash256> {
        var excess = byteCount + entry.size - policy.maximumBytes
        var leaving: Set<Hash256> = []
        guard excess > 0 else { return leaving }
        for key in byFee.ascending {
            guard excess > 0, key.rate < entry.feeRate else { break }
            guard !ancestors.contains(key.txid) else { continue }
            for txid in descendants(of: key.txid).union([key.txid]) where leaving.insert(txid).inserted {
                excess -= entries[txid]?.size ?? 0
            }
        }
        guard excess <= 0 else {
            throw MempoolRejection(.policy, "mempool full", "\(policy.maximumBytes) bytes are held; pay more or wait for a block")
        }
        return leaving
    }

    /// Takes a transaction in, and lets go what `admission` named.
    mutating func add(_ entry: MempoolEntry, evicting leaving: Set<Hash256>) {
        for txid in leaving { remove(txid) }
        entries[entry.txid] = entry
        note(entry.txid)
        byteCount += entry.size
        byFee.insert(FeeKey(rate: entry.feeRate, txid: entry.txid))
        byAge.insert(AgeKey(time: entry.time, txid: entry.txid))
        for input in entry.transaction.inputs { spender[input.outPoint] = entry.txid }
    }

    // MARK: family

    /// Transactions of the pool that `transaction` depends on, however far.
    func ancestors(of transaction: Transaction) -> Set<Hash256> {
        var found: Set<Hash256> = []
        var open = transaction.inputs.map(\.outPoint.txid)
        while let next = open.popLast() {
            guard let entry = entries[next], found.insert(next).inserted else { continue }
            open += entry.transaction.inputs.map(\.outPoint.txid)
        }
        return found
    }

    /// Transactions of the pool that depend on `txid`, however far.
    func descendants(of txid: Hash256) -> Set<Hash256> {
        var found: Set<Hash256> = []
        var open = [txid]
        while let next = open.popLast() {
            guard let entry = entries[next] else { continue }
            for index in entry.transaction.outputs.indices {
                if let child = spender[OutPoint(txid: next, index: UInt32(index))], found.insert(child).inserted { open.append(child) }
            }
        }
        return found
    }

    // MARK: leaving

    mutating func remove(_ txid: Hash256) {
        guard let entry = entries.removeValue(forKey: txid) else { return }
        note(txid)
        byteCount -= entry.size
        byFee.remove(FeeKey(rate: entry.feeRate, txid: txid))
        byAge.remove(AgeKey(time: entry.time, txid: txid))
        for input in entry.transaction.inputs where spender[input.outPoint] == txid { spender[input.outPoint] = nil }
    }

    @discardableResult
    mutating func removeWithDescendants(_ txid: Hash256) -> Set<Hash256> {
        var gone = descendants(of: txid)
        gone.insert(txid)
        for next in gone { remove(next) }
        return gone
    }

    /// A block was connected: its transactions go, and so do those that spend what it spent.
    /// - Returns: transactions that were dropped without being confirmed
    mutating func blockConnected(_ block: Block) -> Set<Hash256> {
        for transaction in block.transactions { remove(transaction.txid) }
        var dropped: Set<Hash256> = []
        for transaction in block.transactions where !transaction.isCoinbase {
            for input in transaction.inputs {
                if let rival = spender[input.outPoint] { dropped.formUnion(removeWithDescendants(rival)) }
            }
        }
        return dropped
    }

    /// Drops what has waited too long.
    mutating func expire(now: UInt64) -> Set<Hash256> {
        let old = Array(byAge.ascending.prefix { $0.time < now && now - $0.time > policy.expirySeconds })
        return old.reduce(into: []) { dropped, key in
            if entries[key.txid] != nil { dropped.formUnion(removeWithDescendants(key.txid)) }
        }
    }

    /// Empties the pool and returns what was in it, parents before children.
    mutating func drain() -> [MempoolEntry] {
        let all = ordered
        for entry in all { remove(entry.txid) }
        return all
    }

    // MARK: changes

    private mutating func note(_ txid: Hash256) {
        sequence += 1
        changed.append(txid)
        if changed.count > Self.keptChanges { changed.removeFirst(Self.keptChanges / 2) }
    }

    /// The transactions that came or went since the pool was in state `sequence`; nil where that is too long ago or was never.
    func changes(since sequence: UInt64) -> Set<Hash256>? {
        guard sequence <= self.sequence, self.sequence - sequence <= UInt64(changed.count) else { return nil }
        return Set(changed.suffix(Int(self.sequence - sequence)))
    }

    // MARK: choosing

    /// All entries, parents before children, else the higher fee rate first.
    var ordered: [MempoolEntry] { selection(maximumCost: .max, maximumSignatureChecks: .max) }

    /// Transactions for a block: by the fee rate of a transaction together with the ancestors it still needs.
    func selection(maximumCost: Int, maximumSignatureChecks: Int) -> [MempoolEntry] {
        struct Candidate {
            let rate: Int64
            let entry: MempoolEntry
        }
        let candidates = entries.values.map { entry -> Candidate in
            var (fee, cost) = (entry.fee.haruki, entry.cost)
            for ancestor in ancestors(of: entry.transaction) {
                fee = fee &+ (entries[ancestor]?.fee.haruki ?? 0)
                cost += entries[ancestor]?.cost ?? 0
            }
            return Candidate(rate: MempoolEntry.rate(fee: fee, cost: cost), entry: entry)
        }.sorted { $0.rate != $1.rate ? $0.rate > $1.rate : $0.entry.txid < $1.entry.txid }
        var chosen: [MempoolEntry] = []
        var included: Set<Hash256> = []
        var (cost, checks) = (0, 0)
        for candidate in candidates where !included.contains(candidate.entry.txid) {
            var package = ancestors(of: candidate.entry.transaction).subtracting(included).compactMap { entries[$0] }
            package.append(candidate.entry)
            let packageCost = package.reduce(0) { $0 + $1.cost }
            let packageChecks = package.reduce(0) { $0 + $1.signatureChecks }
            guard packageCost <= maximumCost - cost, packageChecks <= maximumSignatureChecks - checks else { continue }
            for entry in parentsFirst(package) {
                chosen.append(entry)
                included.insert(entry.txid)
            }
            cost += packageCost
            checks += packageChecks
        }
        return chosen
    }

    /// Fewer ancestors first is an order in which parents precede children.
    private func parentsFirst(_ package: [MempoolEntry]) -> [MempoolEntry] {
        struct Place {
            let depth: Int
            let entry: MempoolEntry
        }
        let places = package.map { Place(depth: ancestors(of: $0.transaction).count, entry: $0) }
        return places.sorted { left, right in
            if left.depth != right.depth { return left.depth < right.depth }
            return left.entry.txid < right.entry.txid
        }.map(\.entry)
    }
}
