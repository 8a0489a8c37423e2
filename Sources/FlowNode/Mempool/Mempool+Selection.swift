import FlowConsensus
import FlowCrypto

/// What a block takes.
extension Mempool {
    /// All entries, parents before children, else the higher fee rate first.
    var ordered: [MempoolEntry] { selection(maximumCost: .max, maximumSignatureChecks: .max) }

    /// Transactions for a block: by the fee rate of a transaction together with the ancestors it still needs.
    func selection(maximumCost: Int, maximumSignatureChecks: Int) -> [MempoolEntry] {
        struct Candidate {
            let rate: Int64
            let entry: MempoolEntry
        }
        let candidates = entries.values.map { Candidate(rate: families[$0.txid]?.ancestors.feeRate ?? $0.countedFeeRate, entry: $0) }
            .sorted { $0.rate != $1.rate ? $0.rate > $1.rate : $0.entry.txid < $1.entry.txid }
        var chosen: [MempoolEntry] = []
        var included: Set<Hash256> = []
        var (cost, checks) = (0, 0)
        for candidate in candidates where !included.contains(candidate.entry.txid) {
            var package = ancestors(of: candidate.entry.txid).subtracting(included).compactMap { entries[$0] }
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
        package.sorted { left, right in
            let (above, others) = (families[left.txid]?.ancestors.count ?? 0, families[right.txid]?.ancestors.count ?? 0)
            return above != others ? above < others : left.txid < right.txid
        }
    }
}
