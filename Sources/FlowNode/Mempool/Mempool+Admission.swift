import FlowConsensus
import FlowCrypto

/// Who comes in.
extension Mempool {
    /// Checks what can be checked before the coins are looked up.
    func precheck(_ transaction: Transaction, txid: Hash256, size: Int) throws(MempoolRejection) {
        if transaction.isCoinbase { throw MempoolRejection(.invalid, "coinbase", "a coinbase stands only in a block") }
        if entries[txid] != nil { throw MempoolRejection(.known, "txn-already-in-mempool") }
        guard policy.versions.contains(transaction.version) else {
            throw MempoolRejection(.policy, "version", "version \(transaction.version) has no meaning yet, \(policy.versions.lowerBound) to \(policy.versions.upperBound) are taken; a later rule may give it one")
        }
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
            if let other = spender(of: input.outPoint), entries[other]?.transaction.signalsReplacement != true {
                throw MempoolRejection(.policy, "txn-mempool-conflict", "\(other) spends \(input.outPoint) already and does not say that it may be replaced; wait until one of them is confirmed")
            }
        }
    }

    /// Checks what needs coins and fee, but not the signatures, of a transaction that consensus allows in the next block.
    /// - Parameters:
    ///   - spent: the coins that the inputs spend
    ///   - now: seconds since 1970
    /// - Returns: what has to leave for it
    func admission(of entry: MempoolEntry, spending spent: [Coin], now: UInt64) throws(MempoolRejection) -> MempoolAdmission {
        var entry = entry
        entry.feeDelta = prioritised[entry.txid] ?? 0
        if let index = spent.firstIndex(where: { !$0.output.program.isPayable }) {
            throw MempoolRejection(.policy, "unknown-input-version", "input \(index) spends version \(spent[index].output.program.version), which has no meaning yet; a later rule may forbid it")
        }
        try checkFee(of: entry, rate: policy.minimumFeeRate, "min relay fee not met")
        try checkFee(of: entry, rate: minimumFeeRate(now: now), "mempool min fee not met")
        let above = ancestors(of: entry.transaction)
        let conflicts = Set(entry.transaction.inputs.compactMap { spender(of: $0.outPoint) })
        let replaced = try conflicts.isEmpty ? [] : replacement(of: conflicts, by: entry, depending: above)
        try checkChains(entry, above: above, replaced: replaced)
        return try room(for: entry, keeping: above, replaced: replaced)
    }

    private func checkFee(of entry: MempoolEntry, rate: Int64, _ reason: String) throws(MempoolRejection) {
        let needed = Self.fee(rate: rate, cost: entry.cost)
        guard entry.countedFee >= needed else {
            throw MempoolRejection(.policy, reason, "\(entry.countedFee) haruki for \(entry.size) bytes and \(entry.transaction.outputs.count) outputs, at least \(needed) are wanted; pay more")
        }
    }

    static func fee(rate: Int64, cost: Int) -> Int64 {
        let (product, overflow) = Int64(clamping: cost).multipliedReportingOverflow(by: rate)
        return (overflow ? .max : product) / 1000
    }

    /// The rules of BIP-125 for what a transaction takes the place of.
    private func replacement(of conflicts: Set<Hash256>, by entry: MempoolEntry, depending above: Set<Hash256>) throws(MempoolRejection) -> Set<Hash256> {
        if let both = above.intersection(conflicts).min() {
            throw MempoolRejection(.policy, "bad-txns-spends-conflicting-tx", "it depends on \(both), whose coins it spends itself")
        }
        for other in conflicts.sorted() {
            guard let old = entries[other] else { continue }
            guard old.transaction.signalsReplacement else {
                throw MempoolRejection(.policy, "txn-mempool-conflict", "\(other) does not say that it may be replaced; wait until one of them is confirmed")
            }
            guard entry.countedFeeRate > old.countedFeeRate else {
                throw MempoolRejection(.policy, "insufficient fee", "\(entry.countedFeeRate) haruki for 1,000 units of cost, \(other) pays \(old.countedFeeRate); pay more than that")
            }
        }
        var replaced = conflicts
        for other in conflicts { replaced.formUnion(descendants(of: other)) }
        guard replaced.count <= policy.maximumReplaced else {
            throw MempoolRejection(.policy, "too many potential replacements", "\(replaced.count) transactions would leave, at most \(policy.maximumReplaced) may")
        }
        var formerParents: Set<Hash256> = []
        for other in conflicts { formerParents.formUnion(families[other]?.parents ?? []) }
        for input in entry.transaction.inputs where entries[input.outPoint.txid] != nil && !formerParents.contains(input.outPoint.txid) {
            throw MempoolRejection(.policy, "replacement-adds-unconfirmed", "it spends \(input.outPoint), which is not confirmed and which nothing that it replaces depends on; spend confirmed coins")
        }
        var old = MempoolTotals()
        for txid in replaced { if let entry = entries[txid] { old.add(entry) } }
        let (sum, overflow) = old.fees.addingReportingOverflow(Self.fee(rate: policy.incrementalFeeRate, cost: entry.cost))
        guard entry.countedFee >= (overflow ? .max : sum) else {
            throw MempoolRejection(.policy, "insufficient fee", "\(entry.countedFee) haruki, the \(replaced.count) that it replaces pay \(old.fees); at least \(overflow ? .max : sum) are wanted, so that its own way is paid for too")
        }
        return replaced
    }

    /// Chains of unconfirmed transactions are bounded, above and below.
    private func checkChains(_ entry: MempoolEntry, above: Set<Hash256>, replaced: Set<Hash256>) throws(MempoolRejection) {
        let size = above.reduce(entry.size) { $0 + (entries[$1]?.size ?? 0) }
        guard above.count < policy.maximumChain, size <= policy.maximumChainSize else {
            throw MempoolRejection(
                .policy, "too-long-mempool-chain",
                "it depends on \(above.count) unconfirmed transactions, with itself \(size) bytes, at most \(policy.maximumChain - 1) and \(policy.maximumChainSize) may be; wait for a block, or spend confirmed coins")
        }
        for txid in above {
            guard var below = families[txid]?.descendants else { continue }
            for gone in replaced.isEmpty ? [] : descendants(of: txid).intersection(replaced) {
                below.count -= 1
                below.size -= entries[gone]?.size ?? 0
            }
            guard below.count < policy.maximumChain, below.size + entry.size <= policy.maximumChainSize else {
                throw MempoolRejection(
                    .policy, "too-long-mempool-chain",
                    "\(below.count) unconfirmed transactions of \(below.size) bytes are \(txid) and what depends on it, at most \(policy.maximumChain - 1) and \(policy.maximumChainSize) may be; wait for a block, or spend confirmed coins")
            }
        }
    }

    /// The cheapest transactions, with what depends on them, that make room for one that pays more.
    private func room(for entry: MempoolEntry, keeping ancestors: Set<Hash256>, replaced: Set<Hash256>) throws(MempoolRejection) -> MempoolAdmission {
        var admission = MempoolAdmission(replaced: replaced)
        var excess = byteCount + entry.size - policy.maximumBytes - replaced.reduce(0) { $0 + (entries[$1]?.size ?? 0) }
        guard excess > 0 else { return admission }
        for key in byScore.ascending {
            guard excess > 0, key.rate < entry.countedFeeRate else { break }
            guard !ancestors.contains(key.txid), !replaced.contains(key.txid), !admission.evicted.contains(key.txid) else { continue }
            for txid in descendants(of: key.txid).union([key.txid]) where !replaced.contains(txid) && admission.evicted.insert(txid).inserted {
                excess -= entries[txid]?.size ?? 0
            }
            admission.evictedRate = max(admission.evictedRate ?? .min, families[key.txid]?.descendants.feeRate ?? 0)
        }
        guard excess <= 0 else {
            throw MempoolRejection(.policy, "mempool full", "\(policy.maximumBytes) bytes are held; pay more or wait for a block")
        }
        return admission
    }
}
