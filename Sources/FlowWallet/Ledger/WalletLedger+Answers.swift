public import FlowConsensus
public import FlowCrypto

extension WalletLedger {
    /// All coins that no known transaction spends, in a fixed order: confirmed first, the oldest first.
    public var coins: [WalletCoin] {
        let free = unspent.values.filter { claims[$0.outPoint] == nil } + pendingCoins.values.filter { claims[$0.outPoint] == nil }
        return free.sorted {
            ($0.height ?? .max, $0.outPoint.txid, $0.outPoint.index) < ($1.height ?? .max, $1.outPoint.txid, $1.outPoint.index)
        }
    }

    /// A coin that no known transaction spends.
    public func coin(_ outPoint: OutPoint) -> WalletCoin? {
        guard claims[outPoint] == nil else { return nil }
        return unspent[outPoint] ?? pendingCoins[outPoint]
    }

    /// A coin that an unconfirmed transaction spends.
    func spentCoin(_ outPoint: OutPoint) -> WalletCoin? { claims[outPoint] == nil ? nil : unspent[outPoint] ?? pendingCoins[outPoint] }

    /// The money that the wallet can spend, at a tip.
    public func balance(atTip tip: BlockHeight) -> WalletBalance { balance(atTip: tip, confirmations: 0, isWatched: false) }

    /// The money that the wallet watches, at a tip.
    public func watchedBalance(atTip tip: BlockHeight) -> WalletBalance { balance(atTip: tip, confirmations: 0, isWatched: true) }

    /// What can be spent at a tip of coins that so many blocks hold and follow.
    public func balance(atTip tip: BlockHeight, confirmations: Int64) -> Amount {
        balance(atTip: tip, confirmations: confirmations, isWatched: false).trusted
    }

    /// What is watched of coins that so many blocks hold and follow.
    public func watchedBalance(atTip tip: BlockHeight, confirmations: Int64) -> Amount {
        balance(atTip: tip, confirmations: confirmations, isWatched: true).trusted
    }

    /// No look at each coin: a wallet may have very many.
    private func balance(atTip tip: BlockHeight, confirmations: Int64, isWatched: Bool) -> WalletBalance {
        let sums = (isWatched ? watchedSums : ownSums).value(atTip: tip, confirmations: confirmations)
        var (trusted, immature, pending) = (sums.mature, sums.immature, Int64(0))
        for outPoint in claims.keys {
            guard let coin = unspent[outPoint], coin.holder.isWatched == isWatched else { continue }
            if !coin.isSafe(atTip: tip) {
                immature &-= coin.output.value.haruki
            } else if coin.confirmations(atTip: tip) >= confirmations {
                trusted &-= coin.output.value.haruki
            }
        }
        for coin in pendingCoins.values where claims[coin.outPoint] == nil && coin.holder.isWatched == isWatched {
            if !coin.isSafe(atTip: tip) {
                pending &+= coin.output.value.haruki
            } else if confirmations <= 0 {
                trusted &+= coin.output.value.haruki
            }
        }
        return WalletBalance(trusted: Amount(haruki: trusted), untrustedPending: Amount(haruki: pending), immature: Amount(haruki: immature))
    }

    /// How many transactions touch the wallet.
    public var transactionCount: Int { confirmed.count + unconfirmedIDs.count }

    var unconfirmedIDs: Set<Hash256> { unconfirmedOwn.union(pool.keys.filter { confirmed[$0] == nil }) }

    public subscript(txid: Hash256) -> WalletTransaction? {
        if let entry = confirmed[txid], let block = entry.block { return describe(entry, txid, .confirmed(block)) }
        guard let entry = waiting(txid) else { return nil }
        let isGivenUp = pool[txid] == nil && own[txid]?.payment.isAbandoned == true
        return describe(entry, txid, live.contains(txid) ? .pending : isGivenUp ? .abandoned : .conflicted)
    }

    /// Shows transactions, the newest first, until `body` returns false: those without a block, then the chain's from its end.
    public func visitNewest(_ body: (WalletTransaction) -> Bool) {
        let unconfirmed = unconfirmedIDs.map { (waiting($0)?.time ?? 0, $0) }.sorted { $0 > $1 }
        for (_, txid) in unconfirmed {
            if let transaction = self[txid], !body(transaction) { return }
        }
        for block in scanned.reversed() {
            for txid in block.txids.reversed() {
                if let transaction = self[txid], !body(transaction) { return }
            }
        }
    }

    /// A transaction that the ledger does not hold: one of a block that the followed branch has left. nil where it does not touch the wallet.
    func describeLeft(_ transaction: Transaction, txid: Hash256, time: UInt64, holder: (LockProgram) -> WalletHolder?) -> WalletTransaction? {
        let entry = Entry(transaction: transaction, receipts: Self.receipts(of: transaction, holder), time: time)
        let found = describe(entry, txid, .conflicted)
        return found.receipts.isEmpty && found.own.spent == .zero && found.watched.spent == .zero ? nil : found
    }

    private func describe(_ entry: Entry, _ txid: Hash256, _ state: WalletTransaction.State) -> WalletTransaction {
        let inputs = entry.transaction.isCoinbase ? [] : entry.transaction.inputs.compactMap { output($0.outPoint) }
        let received = entry.receipts.map { (output: entry.transaction.outputs[Int($0.index)], holder: $0.holder) }
        func sums(_ isWatched: Bool) -> WalletTransaction.Sums {
            WalletTransaction.Sums(received: Self.sum(received, isWatched), spent: Self.sum(inputs, isWatched))
        }
        let isWholly = !entry.transaction.isCoinbase && inputs.count == entry.transaction.inputs.count
        let payment = own[txid]?.payment
        return WalletTransaction(
            transaction: entry.transaction, txid: txid, state: state, time: entry.time, receipts: entry.receipts,
            own: sums(false), watched: sums(true),
            fee: isWholly ? Amount.sum(entry.transaction.outputs.map(\.value)).flatMap { (Amount.sum(inputs.map(\.output.value)) ?? .zero).subtracting($0) } : nil,
            replaces: payment?.replaces, replacedBy: replacements[txid], comment: payment?.comment ?? "", payee: payment?.payee ?? "",
            blockIndex: entry.blockIndex)
    }

    private static func sum(_ outputs: [(output: TransactionOutput, holder: WalletHolder)], _ isWatched: Bool) -> Amount {
        Amount.sum(outputs.filter { $0.holder.isWatched == isWatched }.map(\.output.value)) ?? .zero
    }
}
