import FlowConsensus
import FlowCrypto

/// What the wallet owns: a function of the followed branch, of the payments that the wallet made and of what waits in the node's pool, and of nothing
/// else. In whatever order it learns of them the same remains, so a restart computes the same.
public struct WalletLedger: Sendable {
    struct Scanned: Sendable {
        let block: WalletBlock
        let txids: [Hash256]
    }

    /// A transaction that touches the wallet.
    struct Entry: Sendable {
        let transaction: Transaction
        let receipts: [WalletTransaction.Receipt]
        let time: UInt64
        var block: WalletBlock?
        /// Its place among the block's transactions.
        var blockIndex: Int?
    }

    struct Own: Sendable {
        var payment: WalletPayment
        let receipts: [WalletTransaction.Receipt]
    }

    private(set) var scanned: [Scanned] = []
    private(set) var confirmed: [Hash256: Entry] = [:]
    /// Which confirmed transaction spends what, of those that touch the wallet.
    private(set) var spenders: [OutPoint: Hash256] = [:]
    /// Confirmed coins that nothing confirmed spends.
    private(set) var unspent: [OutPoint: WalletCoin] = [:]
    /// What those are worth: what the wallet can spend, and what it watches.
    private(set) var ownSums = CoinSums(), watchedSums = CoinSums()
    /// How many confirmed inputs spend coins of a program.
    private(set) var spends: [LockProgram: Int] = [:]
    /// What this wallet made, buried payments left out.
    private(set) var own: [Hash256: Own] = [:]
    /// Which of them no block holds.
    private(set) var unconfirmedOwn: Set<Hash256> = []
    /// Which payment was made to take the place of which.
    private(set) var replacements: [Hash256: Hash256] = [:]
    /// What touches the wallet of what waits in the node's pool.
    private(set) var pool: [Hash256: Entry] = [:]

    // Derived from the above by `settle`.
    /// Unconfirmed transactions that can still be confirmed.
    var live: Set<Hash256> = []
    /// What live unconfirmed transactions spend.
    var claims: [OutPoint: Hash256] = [:]
    var pendingCoins: [OutPoint: WalletCoin] = [:]

    public init() {}

    /// The last block scanned.
    public var tip: WalletBlock? { scanned.last?.block }

    // MARK: blocks

    /// Learns a block that stands on top of the last one. `settle` follows.
    mutating func connect(_ block: Block, hash: Hash256, height: BlockHeight, holder: (LockProgram) -> WalletHolder?) {
        let place = WalletBlock(hash: hash, height: height, time: block.header.time)
        var txids: [Hash256] = []
        for (index, transaction) in block.transactions.enumerated() {
            let receipts = Self.receipts(of: transaction, holder)
            let spent = transaction.inputs.compactMap { Self.receipt(in: confirmed[$0.outPoint.txid], $0.outPoint) }
            guard !spent.isEmpty || !receipts.isEmpty else { continue }
            let txid = transaction.txid
            txids.append(txid)
            confirmed[txid] = Entry(transaction: transaction, receipts: receipts, time: place.time, block: place, blockIndex: index)
            unconfirmedOwn.remove(txid)
            for receipt in spent { spends[receipt.holder.program, default: 0] &+= 1 }
            for input in transaction.inputs {
                spenders[input.outPoint] = txid
                forget(input.outPoint)
            }
            for receipt in receipts { restore(OutPoint(txid: txid, index: receipt.index)) }
        }
        scanned.append(Scanned(block: place, txids: txids))
    }

    /// Takes the last block back. `settle` follows.
    mutating func disconnectLast() {
        guard let last = scanned.popLast() else { return }
        for txid in last.txids.reversed() {
            guard let entry = confirmed.removeValue(forKey: txid) else { continue }
            if own[txid] != nil { unconfirmedOwn.insert(txid) }
            for receipt in entry.receipts { forget(OutPoint(txid: txid, index: receipt.index)) }
            for input in entry.transaction.inputs {
                spenders[input.outPoint] = nil
                restore(input.outPoint)
                guard let receipt = Self.receipt(in: confirmed[input.outPoint.txid], input.outPoint) else { continue }
                let count = spends[receipt.holder.program, default: 0] &- 1
                spends[receipt.holder.program] = count > 0 ? count : nil
            }
        }
    }

    /// Makes a confirmed output that nothing spends a coin.
    private mutating func restore(_ outPoint: OutPoint) {
        guard let entry = confirmed[outPoint.txid], let receipt = Self.receipt(in: entry, outPoint), spenders[outPoint] == nil else { return }
        let coin = coin(outPoint, of: entry, receipt)
        guard unspent.updateValue(coin, forKey: outPoint) == nil else { return }
        if coin.holder.isWatched { watchedSums.add(coin) } else { ownSums.add(coin) }
    }

    private mutating func forget(_ outPoint: OutPoint) {
        guard let coin = unspent.removeValue(forKey: outPoint) else { return }
        if coin.holder.isWatched { watchedSums.remove(coin) } else { ownSums.remove(coin) }
    }

    func coin(_ outPoint: OutPoint, of entry: Entry, _ receipt: WalletTransaction.Receipt) -> WalletCoin {
        WalletCoin(
            outPoint: outPoint, output: entry.transaction.outputs[Int(receipt.index)], holder: receipt.holder, height: entry.block?.height,
            isCoinbase: entry.transaction.isCoinbase, isOwnChange: isOwn(entry.transaction))
    }

    private static func receipt(in entry: Entry?, _ outPoint: OutPoint) -> WalletTransaction.Receipt? {
        entry?.receipts.first { $0.index == outPoint.index }
    }

    static func receipts(of transaction: Transaction, _ holder: (LockProgram) -> WalletHolder?) -> [WalletTransaction.Receipt] {
        transaction.outputs.enumerated().compactMap { index, output in
            holder(output.program).map { WalletTransaction.Receipt(index: UInt32(truncatingIfNeeded: index), holder: $0) }
        }
    }

    // MARK: what waits

    /// Learns a payment that this wallet made, or made before. `settle` follows.
    mutating func add(_ payment: WalletPayment, holder: (LockProgram) -> WalletHolder?) {
        let txid = payment.transaction.txid
        own[txid] = Own(payment: payment, receipts: Self.receipts(of: payment.transaction, holder))
        if confirmed[txid] == nil { unconfirmedOwn.insert(txid) }
        if let replaced = payment.replaces { replacements[replaced] = txid }
    }

    /// Forgets a payment that nobody was told of.
    mutating func remove(payment txid: Hash256) {
        if let replaced = own[txid]?.payment.replaces { replacements[replaced] = nil }
        own[txid] = nil
        unconfirmedOwn.remove(txid)
        settle()
    }

    /// Takes over another ledger's payments in place of its own. `settle` follows.
    mutating func takePayments(of other: WalletLedger, holder: (LockProgram) -> WalletHolder?) {
        (own, unconfirmedOwn, replacements) = ([:], [], [:])
        for payment in other.payments { add(payment, holder: holder) }
    }

    /// Gives a payment up, so that its coins are free again, and with it those that it took the place of. False where it is confirmed, waits in the node's
    /// pool, or is none of this wallet's.
    mutating func abandon(_ txid: Hash256) -> Bool {
        guard own[txid] != nil, confirmed[txid] == nil, pool[txid] == nil else { return false }
        var next: Hash256? = txid
        while let last = next, let payment = own[last]?.payment, confirmed[last] == nil, pool[last] == nil {
            own[last]?.payment.isAbandoned = true
            next = payment.replaces
        }
        settle()
        return true
    }

    /// Payments that are not buried, in the order in which they were made.
    var payments: [WalletPayment] {
        own.sorted { ($0.value.payment.time, $0.key) < ($1.value.payment.time, $1.key) }.map(\.value.payment)
    }

    /// Learns how the node's pool has changed. `settle` follows.
    mutating func take(_ changes: WalletPoolChanges, holder: (LockProgram) -> WalletHolder?) {
        if changes.isWhole { pool = [:] }
        for txid in changes.left { pool[txid] = nil }
        // Parents come first or later: a transaction that spends what a later one pays is looked at again.
        var open = changes.arrived
        while true {
            let count = open.count
            open.removeAll { arrival in
                let transaction = arrival.transaction
                let receipts = Self.receipts(of: transaction, holder)
                guard !receipts.isEmpty || own[arrival.txid] != nil || transaction.inputs.contains(where: { self.output($0.outPoint) != nil }) else { return false }
                pool[arrival.txid] = Entry(transaction: transaction, receipts: receipts, time: arrival.time)
                return true
            }
            if open.count == count || open.isEmpty { return }
        }
    }

    /// Lets go of payments that are buried so deep that no restart needs them. What the chain cannot tell stays: which took the place of which, and comments.
    mutating func forgetBuriedPayments(below height: BlockHeight) {
        own = own.filter { txid, made in
            guard let place = confirmed[txid]?.block, place.height < height else { return true }
            return made.payment.replaces != nil || replacements[txid] != nil || !made.payment.comment.isEmpty || !made.payment.payee.isEmpty
        }
    }

    /// An unconfirmed transaction.
    func waiting(_ txid: Hash256) -> Entry? {
        if confirmed[txid] != nil { return nil }
        if let entry = pool[txid] { return entry }
        return own[txid].map { Entry(transaction: $0.payment.transaction, receipts: $0.receipts, time: $0.payment.time) }
    }

    /// Whether the wallet can spend every input.
    private func isOwn(_ transaction: Transaction) -> Bool {
        !transaction.isCoinbase && !transaction.inputs.isEmpty && transaction.inputs.allSatisfy { output($0.outPoint)?.holder.isWatched == false }
    }

    /// One of the wallet's outputs, spent or not.
    func output(_ outPoint: OutPoint) -> (output: TransactionOutput, holder: WalletHolder)? {
        guard let entry = confirmed[outPoint.txid] ?? waiting(outPoint.txid), let receipt = Self.receipt(in: entry, outPoint) else { return nil }
        return (entry.transaction.outputs[Int(receipt.index)], receipt.holder)
    }
}
