import FlowConsensus
import FlowCrypto

extension WalletLedger {
    /// Decides which unconfirmed transactions can still be confirmed, and what they leave.
    mutating func settle() {
        live = []
        claims = [:]
        pendingCoins = [:]
        // What the node vouches for comes before what it does not know (any more), and what took another's place before that.
        let open = sorted(pool.keys.filter { confirmed[$0] == nil }) + sorted(unconfirmedOwn.filter { pool[$0] == nil })
        var judged: Set<Hash256> = []
        for first in open where !judged.contains(first) {
            // Parents before children, without recursion: chains can be long.
            var stack = [first]
            while let txid = stack.last {
                let entry = waiting(txid)
                let parents = entry?.transaction.inputs.map(\.outPoint.txid).filter { !judged.contains($0) && !stack.contains($0) && waiting($0) != nil } ?? []
                guard parents.isEmpty else {
                    stack += Set(parents).sorted()
                    continue
                }
                stack.removeLast()
                guard judged.insert(txid).inserted, let entry else { continue }
                judge(entry, txid)
            }
        }
    }

    /// Those made to take others' places before those, else the older first.
    func sorted(_ txids: some Sequence<Hash256>) -> [Hash256] {
        txids.map { (successors(of: $0), waiting($0)?.time ?? 0, $0) }.sorted { $0 < $1 }.map(\.2)
    }

    /// How many payments were made to take this one's place, each in place of the one before.
    private func successors(of txid: Hash256) -> Int {
        var (count, last) = (0, txid)
        while let next = replacements[last], count < replacements.count {
            count += 1
            last = next
        }
        return count
    }

    private mutating func judge(_ entry: Entry, _ txid: Hash256) {
        let isInPool = pool[txid] != nil
        if !isInPool, own[txid]?.payment.isAbandoned == true { return }
        for input in entry.transaction.inputs {
            let outPoint = input.outPoint
            guard spenders[outPoint] == nil, claims[outPoint] == nil else { return }
            if waiting(outPoint.txid) != nil {
                guard live.contains(outPoint.txid) else { return }
            } else if !isInPool, output(outPoint) == nil {
                return
            }
        }
        live.insert(txid)
        for input in entry.transaction.inputs { claims[input.outPoint] = txid }
        for receipt in entry.receipts {
            let outPoint = OutPoint(txid: txid, index: receipt.index)
            pendingCoins[outPoint] = coin(outPoint, of: entry, receipt)
        }
    }

    /// Payments of this wallet that no block holds and that still can be confirmed.
    var unconfirmedPayments: [WalletPayment] {
        sorted(unconfirmedOwn.filter { live.contains($0) }).compactMap { own[$0]?.payment }
    }

    /// Payments that the node should hold and does not: those that can be confirmed, and those that were made to take the place of what it still holds.
    var paymentsToSend: [WalletPayment] {
        let missing = unconfirmedOwn.filter { txid in
            guard pool[txid] == nil, let payment = own[txid]?.payment, !payment.isAbandoned else { return false }
            return live.contains(txid) || replaced(by: payment).contains { pool[$0] != nil }
        }
        return sorted(missing).compactMap { own[$0]?.payment }
    }

    /// What a payment took the place of, and what that did, and so on.
    func replaced(by payment: WalletPayment) -> [Hash256] {
        var (found, next) = ([Hash256](), payment.replaces)
        while let txid = next, !found.contains(txid) {
            found.append(txid)
            next = own[txid]?.payment.replaces
        }
        return found
    }

    /// Whether a transaction waits in the node's pool.
    func isInPool(_ txid: Hash256) -> Bool { pool[txid] != nil }

    /// The unconfirmed transactions that one needs to be confirmed first, itself included.
    func unconfirmedAncestors(of txid: Hash256) -> Set<Hash256> {
        family(of: txid) { txid in waiting(txid)?.transaction.inputs.map(\.outPoint.txid) ?? [] }
    }

    /// The unconfirmed transactions that need this one, itself included, as far as they touch the wallet.
    func unconfirmedDescendants(of txid: Hash256) -> Set<Hash256> {
        family(of: txid) { txid in
            (waiting(txid)?.transaction.outputs.indices).map { $0.compactMap { claims[OutPoint(txid: txid, index: UInt32(truncatingIfNeeded: $0))] } } ?? []
        }
    }

    private func family(of txid: Hash256, next: (Hash256) -> [Hash256]) -> Set<Hash256> {
        var found: Set<Hash256> = []
        var open = [txid]
        while let last = open.popLast() {
            guard live.contains(last), found.insert(last).inserted else { continue }
            open += next(last)
        }
        return found
    }
}
