public import FlowConsensus
import FlowCrypto

extension WalletLedger {
    /// What each program has received in transactions that so many blocks hold and follow; with 0, in those that wait too.
    public func received(atTip tip: BlockHeight, confirmations least: Int64) -> [LockProgram: WalletReceived] {
        var received: [LockProgram: WalletReceived] = [:]
        visitNewest { transaction in
            let confirmations = transaction.confirmations(atTip: tip)
            guard !transaction.transaction.isCoinbase, confirmations >= max(0, least), transaction.state != .abandoned else { return true }
            for receipt in transaction.receipts {
                guard let output = transaction.transaction.outputs.dropFirst(Int(receipt.index)).first else { continue }
                var sum = received[output.program] ?? WalletReceived(isWatched: receipt.holder.isWatched)
                if sum.txids.isEmpty { sum.confirmations = confirmations }
                sum.amount = sum.amount.adding(output.value) ?? .maxMoney
                if sum.txids.last != transaction.txid { sum.txids.append(transaction.txid) }
                received[output.program] = sum
            }
            return true
        }
        return received.mapValues { sum in
            var sum = sum
            sum.txids.reverse()
            return sum
        }
    }

    /// Programs whose common owner the chain has told, as far as it has, with what lies at each: those whose coins were spent together, and the change of that.
    public func groupings(atTip tip: BlockHeight) -> [[(program: LockProgram, amount: Amount)]] {
        var parent: [LockProgram: LockProgram] = [:]
        func root(_ program: LockProgram) -> LockProgram {
            var last = program
            while let next = parent[last], next != last { last = next }
            var open = program
            while let next = parent[open], next != last {
                parent[open] = last
                open = next
            }
            return last
        }
        visitNewest { transaction in
            guard transaction.state == .pending || transaction.block != nil else { return true }
            for receipt in transaction.receipts where parent[receipt.holder.program] == nil { parent[receipt.holder.program] = receipt.holder.program }
            var together = transaction.transaction.inputs.compactMap { output($0.outPoint)?.holder.program }
            guard !together.isEmpty else { return true }
            together += transaction.receipts.compactMap(\.holder.key).filter { $0.branch == .change }.map(\.program)
            for program in together {
                if parent[program] == nil { parent[program] = program }
                parent[root(program)] = root(together[0])
            }
            return true
        }
        var amounts: [LockProgram: Amount] = [:]
        for coin in coins where coin.isSafe(atTip: tip) {
            amounts[coin.holder.program] = (amounts[coin.holder.program] ?? .zero).adding(coin.output.value) ?? .maxMoney
        }
        let groups = Dictionary(grouping: parent.keys) { root($0) }.values
        return groups.map { programs in
            programs.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }.map { (program: $0, amount: amounts[$0] ?? .zero) }
        }.sorted { ($0.first?.program.bytes ?? []).lexicographicallyPrecedes($1.first?.program.bytes ?? []) }
    }

    /// All transactions that no block at or below a height holds, the oldest first; all there are for nil.
    public func transactions(above height: BlockHeight?) -> [WalletTransaction] {
        var found: [WalletTransaction] = []
        visitNewest { transaction in
            if let height, let block = transaction.block, block.height <= height { return false }
            found.append(transaction)
            return true
        }
        return found.reversed()
    }

    /// The block scanned at a height.
    public func block(at height: BlockHeight) -> WalletBlock? {
        guard let first = scanned.first?.block.height, height >= first else { return nil }
        return scanned.dropFirst(Int(height - first)).first?.block
    }

    /// By how much transactions, one after the other, would change what the wallet owns.
    ///
    /// - Throws: `notSpendable` for a coin of the wallet that is spent already, or by two of them.
    public func change(by transactions: [Transaction], countingWatched: Bool, holder: (LockProgram) -> WalletHolder?) throws(WalletError) -> Int64 {
        var (change, gone) = (Int64(0), Set<OutPoint>())
        var made: [OutPoint: (output: TransactionOutput, holder: WalletHolder)] = [:]
        func counts(_ holder: WalletHolder) -> Bool { countingWatched || !holder.isWatched }
        for transaction in transactions {
            for input in transaction.inputs {
                guard gone.insert(input.outPoint).inserted else { throw .notSpendable(input.outPoint) }
                if let spent = made[input.outPoint] {
                    if counts(spent.holder) { change &-= spent.output.value.haruki }
                } else if let spent = output(input.outPoint) {
                    guard coin(input.outPoint) != nil else { throw .notSpendable(input.outPoint) }
                    if counts(spent.holder) { change &-= spent.output.value.haruki }
                }
            }
            let txid = transaction.txid
            for receipt in Self.receipts(of: transaction, holder) {
                guard let output = transaction.outputs.dropFirst(Int(receipt.index)).first else { continue }
                made[OutPoint(txid: txid, index: receipt.index)] = (output, receipt.holder)
                if counts(receipt.holder), output.value.isMoney { change &+= output.value.haruki }
            }
        }
        return change
    }

    /// Whether coins of a program were spent before: who pays there again tells the chain that both payments go to one owner.
    public func isReused(_ program: LockProgram) -> Bool {
        spends[program] != nil || claims.keys.contains { output($0)?.holder.program == program }
    }
}
