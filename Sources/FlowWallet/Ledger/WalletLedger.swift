public import FlowConsensus
public import FlowCrypto

/// What the wallet owns, derived from the blocks it has scanned and the transactions it has made: a pure value.
public struct WalletLedger: Sendable {
    private struct Scanned: Sendable {
        let block: WalletBlock
        let txids: [Hash256]
    }

    private var scanned: [Scanned] = []
    /// Outputs that pay to the wallet, spent ones too.
    private var outputs: [OutPoint: (output: TransactionOutput, key: WalletKey)] = [:]
    /// Who spends an outpoint of the wallet: confirmed and unconfirmed transactions.
    private var spenders: [OutPoint: Set<Hash256>] = [:]
    public private(set) var transactions: [Hash256: WalletTransaction] = [:]
    private var sequence: UInt64 = 0

    public init() {}

    /// The last block scanned.
    public var tip: WalletBlock? { scanned.last?.block }

    /// Learns a block that stands on top of the last one.
    mutating func connect(_ block: Block, hash: Hash256, height: BlockHeight, key: (LockProgram) -> WalletKey?) {
        let place = WalletBlock(hash: hash, height: height, time: block.header.time)
        var txids: [Hash256] = []
        for transaction in block.transactions {
            let txid = transaction.txid
            guard record(transaction, txid: txid, block: place, key: key) else { continue }
            txids.append(txid)
            dropConflicts(of: transaction, txid: txid)
        }
        scanned.append(Scanned(block: place, txids: txids))
    }

    /// Takes the last block back. Its transactions become unconfirmed; its coinbase is gone.
    mutating func disconnectLast() {
        guard let last = scanned.popLast() else { return }
        for txid in last.txids.reversed() {
            if transactions[txid]?.transaction.isCoinbase == true {
                remove(txid)
            } else {
                transactions[txid]?.block = nil
            }
        }
    }

    /// Learns an unconfirmed transaction. False when it has nothing to do with the wallet or is known.
    @discardableResult
    mutating func add(unconfirmed transaction: Transaction, key: (LockProgram) -> WalletKey?) -> Bool {
        let txid = transaction.txid
        guard transactions[txid] == nil else { return false }
        return record(transaction, txid: txid, block: nil, key: key)
    }

    /// Forgets an unconfirmed transaction, and all unconfirmed ones that spend its outputs.
    mutating func remove(_ txid: Hash256) {
        guard let entry = transactions.removeValue(forKey: txid) else { return }
        for input in entry.transaction.inputs {
            spenders[input.outPoint]?.remove(txid)
        }
        for index in entry.transaction.outputs.indices {
            let outPoint = OutPoint(txid: txid, index: UInt32(truncatingIfNeeded: index))
            outputs[outPoint] = nil
            for child in (spenders[outPoint] ?? []).sorted() where transactions[child]?.block == nil {
                remove(child)
            }
        }
    }

    /// Unconfirmed transactions, in the order in which the wallet learned of them.
    var unconfirmed: [WalletTransaction] {
        transactions.values.filter { $0.block == nil }.sorted { $0.sequence < $1.sequence }
    }

    /// All coins that no known transaction spends, in a fixed order: confirmed first, the oldest first.
    public var coins: [WalletCoin] {
        outputs.compactMap { outPoint, entry -> WalletCoin? in
            guard (spenders[outPoint] ?? []).isEmpty, let record = transactions[outPoint.txid] else { return nil }
            return WalletCoin(
                outPoint: outPoint, output: entry.output, key: entry.key, height: record.block?.height,
                isCoinbase: record.transaction.isCoinbase, isOwnChange: record.fee != nil)
        }.sorted {
            ($0.height ?? .max, $0.outPoint.txid, $0.outPoint.index) < ($1.height ?? .max, $1.outPoint.txid, $1.outPoint.index)
        }
    }

    /// The wallet's money at a tip.
    public func balance(atTip tip: BlockHeight) -> WalletBalance {
        var balance = WalletBalance(trusted: .zero, untrustedPending: .zero, immature: .zero)
        for coin in coins {
            let part: WritableKeyPath<WalletBalance, Amount> =
                coin.isSpendable(atTip: tip) ? \.trusted : coin.height == nil ? \.untrustedPending : \.immature
            balance[keyPath: part] = balance[keyPath: part].adding(coin.output.value) ?? .maxMoney
        }
        return balance
    }

    private mutating func record(
        _ transaction: Transaction, txid: Hash256, block: WalletBlock?, key: (LockProgram) -> WalletKey?
    ) -> Bool {
        if transactions[txid] != nil {
            transactions[txid]?.block = block
            return true
        }
        let own = transaction.outputs.enumerated().compactMap { index, output in
            key(output.program).map { (OutPoint(txid: txid, index: UInt32(truncatingIfNeeded: index)), output, $0) }
        }
        let spent = transaction.inputs.compactMap { outputs[$0.outPoint]?.output.value }
        guard !own.isEmpty || !spent.isEmpty else { return false }
        for (outPoint, output, key) in own {
            outputs[outPoint] = (output, key)
        }
        for input in transaction.inputs where outputs[input.outPoint] != nil {
            spenders[input.outPoint, default: []].insert(txid)
        }
        let spentSum = Amount.sum(spent) ?? .zero
        let isWholly = !transaction.isCoinbase && spent.count == transaction.inputs.count
        sequence += 1
        transactions[txid] = WalletTransaction(
            transaction: transaction, txid: txid, block: block, sequence: sequence,
            received: Amount.sum(own.map(\.1.value)) ?? .zero, spent: spentSum,
            fee: isWholly ? Amount.sum(transaction.outputs.map(\.value)).flatMap(spentSum.subtracting) : nil)
        return true
    }

    /// A confirmed transaction ends all unconfirmed ones that spend the same coins.
    private mutating func dropConflicts(of transaction: Transaction, txid: Hash256) {
        for input in transaction.inputs {
            for rival in (spenders[input.outPoint] ?? []).sorted() where rival != txid && transactions[rival]?.block == nil {
                remove(rival)
            }
        }
    }
}
