import FlowConsensus
import FlowCrypto

/// The transactions that wait for a block: a value that decides and knows no clock, store or network.
struct Mempool {
    let policy: MempoolPolicy
    private(set) var entries: [Hash256: MempoolEntry] = [:]
    private var spender: [OutPoint: Hash256] = [:]
    private(set) var byteCount = 0

    init(policy: MempoolPolicy = MempoolPolicy()) { self.policy = policy }

    subscript(txid: Hash256) -> MempoolEntry? { entries[txid] }

    /// The transaction in the pool that spends an output.
    func spender(of outPoint: OutPoint) -> Hash256? { spender[outPoint] }

    /// An output of a transaction in the pool, as a coin of the next block.
    func coin(for outPoint: OutPoint, height: BlockHeight) -> Coin? {
        guard let outputs = entries[outPoint.txid]?.transaction.outputs, outputs.indices.contains(Int(outPoint.index)) else { return nil }
        return Coin(output: outputs[Int(outPoint.index)], height: height, isCoinbase: false)
    }

    /// Checks what can be checked before the coins are looked up.
    func precheck(_ transaction: Transaction, txid: Hash256, size: Int) throws(MempoolRejection) {
        if transaction.isCoinbase { throw MempoolRejection(.invalid, "coinbase", "a coinbase stands only in a block") }
        if entries[txid] != nil { throw MempoolRejection(.known, "txn-already-in-mempool") }
        guard size <= policy.maximumTransactionSize else {
            throw MempoolRejection(.policy, "tx-size", "\(size) bytes, at most \(policy.maximumTransactionSize) are taken; split the payment")
        }
        for input in transaction.inputs {
            if let other = spender[input.outPoint] {
                throw MempoolRejection(.policy, "txn-mempool-conflict", "\(other) spends \(input.outPoint) already; wait until one of them is confirmed")
            }
        }
    }

    /// Adds a transaction that consensus allows in the next block.
    mutating func add(_ entry: MempoolEntry) throws(MempoolRejection) {
        try precheck(entry.transaction, txid: entry.txid, size: entry.size)
        let needed = Int64(clamping: entry.size) * policy.minimumFeeRate / 1000
        guard entry.fee.haruki >= needed else {
            throw MempoolRejection(.policy, "min relay fee not met", "\(entry.fee.haruki) haruki for \(entry.size) bytes, at least \(needed) are wanted; pay more")
        }
        let above = ancestors(of: entry.transaction)
        guard above.count < policy.maximumChain, above.allSatisfy({ descendants(of: $0).count < policy.maximumChain - 1 }) else {
            throw MempoolRejection(.policy, "too-long-mempool-chain", "more than \(policy.maximumChain) unconfirmed transactions depend on each other; wait for a block")
        }
        try makeRoom(for: entry, keeping: above)
        entries[entry.txid] = entry
        byteCount += entry.size
        for input in entry.transaction.inputs { spender[input.outPoint] = entry.txid }
    }

    private mutating func makeRoom(for entry: MempoolEntry, keeping ancestors: Set<Hash256>) throws(MempoolRejection) {
        guard byteCount + entry.size > policy.maximumBytes else { return }
        for cheapest in entries.values.sorted(by: { ($0.feeRate, $1.txid.displayHex) < ($1.feeRate, $0.txid.displayHex) }) {
            guard byteCount + entry.size > policy.maximumBytes else { return }
            guard entries[cheapest.txid] != nil else { continue }
            guard cheapest.feeRate < entry.feeRate, !ancestors.contains(cheapest.txid) else { break }
            removeWithDescendants(cheapest.txid)
        }
        guard byteCount + entry.size <= policy.maximumBytes else {
            throw MempoolRejection(.policy, "mempool full", "\(policy.maximumBytes) bytes are held; pay more or wait for a block")
        }
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
        byteCount -= entry.size
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
        var dropped: Set<Hash256> = []
        for entry in entries.values where entry.time &+ policy.expirySeconds < now {
            if entries[entry.txid] != nil { dropped.formUnion(removeWithDescendants(entry.txid)) }
        }
        return dropped
    }

    /// Empties the pool and returns what was in it, parents before children.
    mutating func drain() -> [MempoolEntry] {
        let all = ordered
        entries = [:]
        spender = [:]
        byteCount = 0
        return all
    }

    // MARK: choosing

    /// All entries, parents before children, else the higher fee rate first.
    var ordered: [MempoolEntry] { selection(maximumSize: .max) }

    /// Transactions for a block: by the fee rate of a transaction together with the ancestors it still needs.
    func selection(maximumSize: Int) -> [MempoolEntry] {
        struct Candidate {
            let rate: Int64
            let entry: MempoolEntry
        }
        let candidates = entries.values.map { entry -> Candidate in
            var (fee, size) = (entry.fee.haruki, entry.size)
            for ancestor in ancestors(of: entry.transaction) {
                fee = fee &+ (entries[ancestor]?.fee.haruki ?? 0)
                size += entries[ancestor]?.size ?? 0
            }
            return Candidate(rate: MempoolEntry.rate(fee: fee, size: size), entry: entry)
        }.sorted { $0.rate != $1.rate ? $0.rate > $1.rate : $0.entry.txid.displayHex < $1.entry.txid.displayHex }
        var chosen: [MempoolEntry] = []
        var included: Set<Hash256> = []
        var used = 0
        for candidate in candidates where !included.contains(candidate.entry.txid) {
            var package = ancestors(of: candidate.entry.transaction).subtracting(included).compactMap { entries[$0] }
            package.append(candidate.entry)
            let size = package.reduce(0) { $0 + $1.size }
            guard size <= maximumSize - used else { continue }
            for entry in parentsFirst(package) {
                chosen.append(entry)
                included.insert(entry.txid)
            }
            used += size
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
            return left.entry.txid.displayHex < right.entry.txid.displayHex
        }.map(\.entry)
    }
}
