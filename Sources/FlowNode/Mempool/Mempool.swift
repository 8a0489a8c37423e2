import FlowConsensus
import FlowCrypto

/// The transactions that wait for a block: a value that decides and knows no clock, store or network.
///
/// No two of them spend one output; each knows its parents and children, and what it amounts to together with all above and all below it.
struct Mempool {
    /// The order in which transactions leave a full pool.
    struct ScoreKey: Comparable {
        let rate: Int64
        let txid: Hash256
        static func < (left: ScoreKey, right: ScoreKey) -> Bool { (left.rate, left.txid) < (right.rate, right.txid) }
    }

    /// The order in which they leave because of their age.
    private struct AgeKey: Comparable {
        let time: UInt64
        let txid: Hash256
        static func < (left: AgeKey, right: AgeKey) -> Bool { (left.time, left.txid) < (right.time, right.txid) }
    }

    /// What a transaction is to others of the pool.
    struct Family {
        var parents: Set<Hash256> = []
        var children: Set<Hash256> = []
        /// With all that it depends on, itself included.
        var ancestors = MempoolTotals()
        /// With all that depends on it, itself included.
        var descendants = MempoolTotals()
        /// What the pool would lose with it: the better of its own rate and that with its descendants, who would go too.
        var score: Int64 = 0
    }

    let policy: MempoolPolicy
    private(set) var entries: [Hash256: MempoolEntry] = [:]
    private(set) var families: [Hash256: Family] = [:]
    private var spender: [OutPoint: Hash256] = [:]
    private(set) var byScore = SortedKeys<ScoreKey>()
    private var byAge = SortedKeys<AgeKey>()
    private(set) var byteCount = 0
    private(set) var totalFee: Int64 = 0
    private var rolling = RollingMinimum()
    /// What the operator added to fees, also of transactions that have not come yet.
    private var feeDeltas: [Hash256: Int64] = [:]
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

    private var fill: Double { Double(byteCount) / Double(max(1, policy.maximumBytes)) }

    /// The fee of 1,000 units of cost, in haruki, that a transaction has to pay now: the policy's, or more where others had to leave lately.
    func minimumFeeRate(now: UInt64) -> Int64 {
        max(policy.minimumFeeRate, rolling.feeRate(now: now, fill: fill, increment: policy.incrementalFeeRate))
    }

    // MARK: coming

    /// Takes a transaction in, and lets go what `admission` named.
    /// - Parameter now: seconds since 1970
    mutating func add(_ entry: MempoolEntry, _ admission: MempoolAdmission, now: UInt64) {
        remove(admission.leaving)
        if let rate = admission.evictedRate { rolling.evicted(rate: rate, now: now, fill: fill, increment: policy.incrementalFeeRate) }
        insert(entry)
    }

    private mutating func insert(_ entry: MempoolEntry) {
        guard entries[entry.txid] == nil else { return }
        var entry = entry
        entry.feeDelta = feeDeltas[entry.txid] ?? 0
        entries[entry.txid] = entry
        note(entry.txid)
        byteCount += entry.size
        totalFee = totalFee &+ entry.fee.haruki
        byAge.insert(AgeKey(time: entry.time, txid: entry.txid))
        var family = Family()
        for input in entry.transaction.inputs {
            spender[input.outPoint] = entry.txid
            if entries[input.outPoint.txid] != nil { family.parents.insert(input.outPoint.txid) }
        }
        for index in entry.transaction.outputs.indices {
            if let child = spender[OutPoint(txid: entry.txid, index: UInt32(truncatingIfNeeded: index))] { family.children.insert(child) }
        }
        for parent in family.parents { families[parent]?.children.insert(entry.txid) }
        for child in family.children { families[child]?.parents.insert(entry.txid) }
        families[entry.txid] = family
        byScore.insert(ScoreKey(rate: family.score, txid: entry.txid))
        refresh(around: [entry.txid])
    }

    /// Counts anew what transactions, all above and all below them amount to.
    private mutating func refresh(around txids: Set<Hash256>) {
        var touched = txids.filter { entries[$0] != nil }
        for txid in touched { touched.formUnion(ancestors(of: txid).union(descendants(of: txid))) }
        for txid in touched {
            guard let entry = entries[txid], let old = families[txid]?.score else { continue }
            var (above, below) = (MempoolTotals(), MempoolTotals())
            above.add(entry)
            below.add(entry)
            for other in ancestors(of: txid) { if let entry = entries[other] { above.add(entry) } }
            for other in descendants(of: txid) { if let entry = entries[other] { below.add(entry) } }
            let score = max(entry.countedFeeRate, below.feeRate)
            families[txid]?.ancestors = above
            families[txid]?.descendants = below
            families[txid]?.score = score
            guard score != old else { continue }
            byScore.remove(ScoreKey(rate: old, txid: txid))
            byScore.insert(ScoreKey(rate: score, txid: txid))
        }
    }

    // MARK: family

    /// Transactions of the pool that `transaction` depends on, however far.
    func ancestors(of transaction: Transaction) -> Set<Hash256> {
        let parents = Set(transaction.inputs.map(\.outPoint.txid)).filter { entries[$0] != nil }
        return reach(parents, \.parents).union(parents)
    }

    /// Transactions of the pool that `txid` depends on, however far.
    func ancestors(of txid: Hash256) -> Set<Hash256> { reach([txid], \.parents) }

    /// Transactions of the pool that depend on `txid`, however far.
    func descendants(of txid: Hash256) -> Set<Hash256> { reach([txid], \.children) }

    private func reach(_ start: Set<Hash256>, _ next: KeyPath<Family, Set<Hash256>>) -> Set<Hash256> {
        var found: Set<Hash256> = []
        var open = Array(start)
        while let txid = open.popLast() {
            for other in families[txid]?[keyPath: next] ?? [] where found.insert(other).inserted { open.append(other) }
        }
        return found
    }

    /// A transaction and its relations; nil where it is not in the pool.
    func details(_ txid: Hash256) -> MempoolDetails? {
        guard let entry = entries[txid], let family = families[txid] else { return nil }
        let isReplaceable = entry.transaction.signalsReplacement || ancestors(of: txid).contains { entries[$0]?.transaction.signalsReplacement == true }
        return MempoolDetails(
            entry: entry, ancestors: family.ancestors, descendants: family.descendants, depends: family.parents.sorted(), spentBy: family.children.sorted(),
            isReplaceable: isReplaceable)
    }

    func info(now: UInt64) -> MempoolInfo {
        MempoolInfo(
            count: entries.count, bytes: byteCount, usage: byteCount * 2 + entries.count * 1_000, totalFee: totalFee, minimumFeeRate: minimumFeeRate(now: now),
            policy: policy)
    }

    /// Counts more or less for a transaction than it pays, now or when it comes, until a block holds it.
    /// - Parameter delta: haruki, added to what was added before
    mutating func prioritise(_ txid: Hash256, by delta: Int64) {
        let (sum, overflow) = (feeDeltas[txid] ?? 0).addingReportingOverflow(delta)
        let total = overflow ? (delta < 0 ? Int64.min : .max) : sum
        feeDeltas[txid] = total == 0 ? nil : total
        guard entries[txid] != nil else { return }
        entries[txid]?.feeDelta = total
        refresh(around: [txid])
    }

    /// What the operator added to fees.
    var prioritised: [Hash256: Int64] { feeDeltas }

    // MARK: leaving

    mutating func remove(_ txid: Hash256) { remove([txid]) }

    private mutating func remove(_ txids: Set<Hash256>) {
        var relatives: Set<Hash256> = []
        for txid in txids where entries[txid] != nil { relatives.formUnion(ancestors(of: txid).union(descendants(of: txid))) }
        for txid in txids {
            guard let entry = entries.removeValue(forKey: txid), let family = families.removeValue(forKey: txid) else { continue }
            note(txid)
            byteCount -= entry.size
            totalFee = totalFee &- entry.fee.haruki
            byScore.remove(ScoreKey(rate: family.score, txid: txid))
            byAge.remove(AgeKey(time: entry.time, txid: txid))
            for input in entry.transaction.inputs where spender[input.outPoint] == txid { spender[input.outPoint] = nil }
            for parent in family.parents { families[parent]?.children.remove(txid) }
            for child in family.children { families[child]?.parents.remove(txid) }
        }
        relatives.subtract(txids)
        if !relatives.isEmpty { refresh(around: relatives) }
    }

    @discardableResult
    mutating func removeWithDescendants(_ txid: Hash256) -> Set<Hash256> {
        guard entries[txid] != nil else { return [] }
        let gone = descendants(of: txid).union([txid])
        remove(gone)
        return gone
    }

    /// A block was connected: its transactions go, and so do those that spend what it spent.
    /// - Parameter now: seconds since 1970
    /// - Returns: transactions that were dropped without being confirmed
    mutating func blockConnected(_ block: Block, now: UInt64) -> Set<Hash256> {
        rolling.blockCame(now: now, fill: fill)
        for transaction in block.transactions {
            let txid = transaction.txid
            remove(txid)
            feeDeltas[txid] = nil
        }
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
        return old.reduce(into: []) { dropped, key in dropped.formUnion(removeWithDescendants(key.txid)) }
    }

    /// Empties the pool and returns what was in it, parents before children.
    mutating func drain() -> [MempoolEntry] {
        let all = ordered
        for entry in all.reversed() { remove(entry.txid) }
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
}
