public import FlowConsensus
public import FlowCrypto

/// What the wallet owns: a function of the followed branch, of the payments that the wallet made and of what waits in the node's pool, and of nothing
/// else. In whatever order it learns of them the same remains, so a restart computes the same.
public struct WalletLedger: Sendable {
    private struct Scanned: Sendable {
        let block: WalletBlock
        let txids: [Hash256]
    }

    /// A transaction that touches the wallet.
    private struct Entry: Sendable {
        let transaction: Transaction
        let receipts: [WalletTransaction.Receipt]
        let time: UInt64
        var block: WalletBlock?
    }

    private struct Own: Sendable {
        var payment: WalletPayment
        let receipts: [WalletTransaction.Receipt]
    }

    private var scanned: [Scanned] = []
    private var confirmed: [Hash256: Entry] = [:]
    /// Which confirmed transaction spends what, of those that touch the wallet.
    private var spenders: [OutPoint: Hash256] = [:]
    /// Confirmed coins that nothing confirmed spends.
    private var unspent: [OutPoint: WalletCoin] = [:]
    /// What this wallet made, buried payments left out.
    private var own: [Hash256: Own] = [:]
    /// What touches the wallet of what waits in the node's pool.
    private var pool: [Hash256: Entry] = [:]

    // Derived from the above by `settle`.
    /// Unconfirmed transactions that can still be confirmed.
    private var live: Set<Hash256> = []
    /// What live unconfirmed transactions spend.
    private var claims: [OutPoint: Hash256] = [:]
    private var pendingCoins: [OutPoint: WalletCoin] = [:]

    public init() {}

    /// The last block scanned.
    public var tip: WalletBlock? { scanned.last?.block }

    // MARK: blocks

    /// Learns a block that stands on top of the last one. `settle` follows.
    mutating func connect(_ block: Block, hash: Hash256, height: BlockHeight, key: (LockProgram) -> WalletKey?) {
        let place = WalletBlock(hash: hash, height: height, time: block.header.time)
        var txids: [Hash256] = []
        for transaction in block.transactions {
            let receipts = Self.receipts(of: transaction, key)
            let spends = transaction.inputs.contains { Self.receipt(in: confirmed[$0.outPoint.txid], $0.outPoint) != nil }
            guard spends || !receipts.isEmpty else { continue }
            let txid = transaction.txid
            txids.append(txid)
            confirmed[txid] = Entry(transaction: transaction, receipts: receipts, time: place.time, block: place)
            for input in transaction.inputs {
                spenders[input.outPoint] = txid
                unspent[input.outPoint] = nil
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
            for receipt in entry.receipts { unspent[OutPoint(txid: txid, index: receipt.index)] = nil }
            for input in entry.transaction.inputs {
                spenders[input.outPoint] = nil
                restore(input.outPoint)
            }
        }
    }

    /// Makes a confirmed output that nothing spends a coin.
    private mutating func restore(_ outPoint: OutPoint) {
        guard let entry = confirmed[outPoint.txid], let receipt = Self.receipt(in: entry, outPoint), spenders[outPoint] == nil else { return }
        unspent[outPoint] = coin(outPoint, of: entry, receipt)
    }

    private func coin(_ outPoint: OutPoint, of entry: Entry, _ receipt: WalletTransaction.Receipt) -> WalletCoin {
        WalletCoin(
            outPoint: outPoint, output: entry.transaction.outputs[Int(receipt.index)], key: receipt.key, height: entry.block?.height,
            isCoinbase: entry.transaction.isCoinbase, isOwnChange: isOwn(entry.transaction))
    }

    private static func receipt(in entry: Entry?, _ outPoint: OutPoint) -> WalletTransaction.Receipt? {
        entry?.receipts.first { $0.index == outPoint.index }
    }

    private static func receipts(of transaction: Transaction, _ key: (LockProgram) -> WalletKey?) -> [WalletTransaction.Receipt] {
        transaction.outputs.enumerated().compactMap { index, output in
            key(output.program).map { WalletTransaction.Receipt(index: UInt32(truncatingIfNeeded: index), key: $0) }
        }
    }

    // MARK: what waits

    /// Learns a payment that this wallet made, or made before. `settle` follows.
    mutating func add(_ payment: WalletPayment, key: (LockProgram) -> WalletKey?) {
        own[payment.transaction.txid] = Own(payment: payment, receipts: Self.receipts(of: payment.transaction, key))
    }

    /// Forgets a payment that nobody was told of.
    mutating func remove(payment txid: Hash256) {
        own[txid] = nil
        settle()
    }

    /// Takes over another ledger's payments in place of its own. `settle` follows.
    mutating func takePayments(of other: WalletLedger, key: (LockProgram) -> WalletKey?) {
        own = other.own.mapValues { Own(payment: $0.payment, receipts: Self.receipts(of: $0.payment.transaction, key)) }
    }

    /// Gives a payment up, so that its coins are free again. False where it is confirmed, waits in the node's pool, or is none of this wallet's.
    mutating func abandon(_ txid: Hash256) -> Bool {
        guard own[txid] != nil, confirmed[txid] == nil, pool[txid] == nil else { return false }
        own[txid]?.payment.isAbandoned = true
        settle()
        return true
    }

    /// Payments that are not buried, in the order in which they were made.
    var payments: [WalletPayment] {
        own.sorted { ($0.value.payment.time, $0.key) < ($1.value.payment.time, $1.key) }.map(\.value.payment)
    }

    /// Learns how the node's pool has changed. `settle` follows.
    mutating func take(_ changes: WalletPoolChanges, key: (LockProgram) -> WalletKey?) {
        if changes.isWhole { pool = [:] }
        for txid in changes.left { pool[txid] = nil }
        // Parents come first or later: a transaction that spends what a later one pays is looked at again.
        var open = changes.arrived
        while true {
            let count = open.count
            open.removeAll { arrival in
                let transaction = arrival.transaction
                let receipts = Self.receipts(of: transaction, key)
                guard !receipts.isEmpty || own[arrival.txid] != nil || transaction.inputs.contains(where: { value(of: $0.outPoint) != nil }) else { return false }
                pool[arrival.txid] = Entry(transaction: transaction, receipts: receipts, time: arrival.time)
                return true
            }
            if open.count == count || open.isEmpty { return }
        }
    }

    /// Lets go of payments that are buried so deep that no restart needs them.
    mutating func forgetBuriedPayments(below height: BlockHeight) {
        own = own.filter { txid, _ in (confirmed[txid]?.block?.height).map { $0 >= height } ?? true }
    }

    /// Decides which unconfirmed transactions can still be confirmed, and what they leave.
    mutating func settle() {
        live = []
        claims = [:]
        pendingCoins = [:]
        // What the node vouches for comes before what it does not know (any more).
        let open = sorted(pool.keys.filter { confirmed[$0] == nil }) + sorted(own.keys.filter { confirmed[$0] == nil && pool[$0] == nil })
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

    /// An unconfirmed transaction.
    private func waiting(_ txid: Hash256) -> Entry? {
        if confirmed[txid] != nil { return nil }
        if let entry = pool[txid] { return entry }
        return own[txid].map { Entry(transaction: $0.payment.transaction, receipts: $0.receipts, time: $0.payment.time) }
    }

    private func sorted(_ txids: [Hash256]) -> [Hash256] {
        txids.map { (waiting($0)?.time ?? 0, $0) }.sorted { $0 < $1 }.map(\.1)
    }

    private mutating func judge(_ entry: Entry, _ txid: Hash256) {
        let isInPool = pool[txid] != nil
        if !isInPool, own[txid]?.payment.isAbandoned == true { return }
        for input in entry.transaction.inputs {
            let outPoint = input.outPoint
            guard spenders[outPoint] == nil, claims[outPoint] == nil else { return }
            if waiting(outPoint.txid) != nil {
                guard live.contains(outPoint.txid) else { return }
            } else if !isInPool, value(of: outPoint) == nil {
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

    /// Whether every input spends the wallet's money.
    private func isOwn(_ transaction: Transaction) -> Bool {
        !transaction.isCoinbase && !transaction.inputs.isEmpty && transaction.inputs.allSatisfy { value(of: $0.outPoint) != nil }
    }

    /// What one of the wallet's outputs holds, spent or not.
    private func value(of outPoint: OutPoint) -> Amount? {
        guard let entry = confirmed[outPoint.txid] ?? waiting(outPoint.txid), let receipt = Self.receipt(in: entry, outPoint) else { return nil }
        return entry.transaction.outputs[Int(receipt.index)].value
    }

    // MARK: answers

    /// Payments of this wallet that no block holds and that still can be confirmed.
    var unconfirmedPayments: [WalletPayment] {
        sorted(own.keys.filter { live.contains($0) }).compactMap { own[$0]?.payment }
    }

    /// Whether a transaction waits in the node's pool.
    func isInPool(_ txid: Hash256) -> Bool { pool[txid] != nil }

    /// All coins that no known transaction spends, in a fixed order: confirmed first, the oldest first.
    public var coins: [WalletCoin] {
        freeCoins.sorted {
            ($0.height ?? .max, $0.outPoint.txid, $0.outPoint.index) < ($1.height ?? .max, $1.outPoint.txid, $1.outPoint.index)
        }
    }

    /// Coins that nothing spends, in no particular order.
    private var freeCoins: [WalletCoin] {
        unspent.values.filter { claims[$0.outPoint] == nil } + pendingCoins.values.filter { claims[$0.outPoint] == nil }
    }

    /// The wallet's money at a tip.
    public func balance(atTip tip: BlockHeight) -> WalletBalance {
        var balance = WalletBalance(trusted: .zero, untrustedPending: .zero, immature: .zero)
        for coin in freeCoins {
            let part: WritableKeyPath<WalletBalance, Amount> =
                coin.isSpendable(atTip: tip) ? \.trusted : coin.height == nil ? \.untrustedPending : \.immature
            balance[keyPath: part] = balance[keyPath: part].adding(coin.output.value) ?? .maxMoney
        }
        return balance
    }

    /// What can be spent at a tip of coins that so many blocks hold and follow.
    public func balance(atTip tip: BlockHeight, confirmations: Int64) -> Amount {
        let coins = freeCoins.filter { $0.isSpendable(atTip: tip) && $0.confirmations(atTip: tip) >= confirmations }
        return Amount.sum(coins.map(\.output.value)) ?? .maxMoney
    }

    /// How many transactions touch the wallet.
    public var transactionCount: Int { confirmed.count + unconfirmedIDs.count }

    private var unconfirmedIDs: Set<Hash256> {
        Set(pool.keys).union(own.keys).filter { confirmed[$0] == nil }
    }

    public subscript(txid: Hash256) -> WalletTransaction? {
        if let entry = confirmed[txid], let block = entry.block { return describe(entry, txid, .confirmed(block)) }
        guard let entry = waiting(txid) else { return nil }
        let isGivenUp = pool[txid] == nil && own[txid]?.payment.isAbandoned == true
        return describe(entry, txid, live.contains(txid) ? .pending : isGivenUp ? .abandoned : .conflicted)
    }

    /// Shows transactions, the newest first, until `body` returns false: those without a block, then the chain's from its end.
    public func visitNewest(_ body: (WalletTransaction) -> Bool) {
        for txid in sorted(Array(unconfirmedIDs)).reversed() {
            if let transaction = self[txid], !body(transaction) { return }
        }
        for block in scanned.reversed() {
            for txid in block.txids.reversed() {
                if let transaction = self[txid], !body(transaction) { return }
            }
        }
    }

    private func describe(_ entry: Entry, _ txid: Hash256, _ state: WalletTransaction.State) -> WalletTransaction {
        let inputs = entry.transaction.isCoinbase ? [] : entry.transaction.inputs.compactMap { value(of: $0.outPoint) }
        let spent = Amount.sum(inputs) ?? .zero
        let isWholly = !entry.transaction.isCoinbase && inputs.count == entry.transaction.inputs.count
        return WalletTransaction(
            transaction: entry.transaction, txid: txid, state: state, time: entry.time, receipts: entry.receipts,
            received: Amount.sum(entry.receipts.map { entry.transaction.outputs[Int($0.index)].value }) ?? .zero, spent: spent,
            fee: isWholly ? Amount.sum(entry.transaction.outputs.map(\.value)).flatMap(spent.subtracting) : nil)
    }
}
