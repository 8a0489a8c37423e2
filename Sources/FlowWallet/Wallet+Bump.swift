public import FlowConsensus
public import FlowCrypto

extension Wallet {
    /// Raises the fee of an own unconfirmed payment that says that it may be replaced: a new one with the same outputs, whose change is smaller or which spends
    /// more coins, takes its place (BIP-125). Only one of both counts, whichever the chain confirms.
    ///
    /// - Parameters:
    ///   - rate: what the new one pays; a step above the old one for nil.
    ///   - isReplaceable: whether the new one may be replaced again.
    /// - Returns: the new payment, and the fees of both.
    /// - Throws: `notOfWallet`, `notReplaceable`, `alreadyReplaced`, `feeBelowReplaced`, what stands in the way of a payment, what the chain throws.
    public func bump(
        _ txid: Hash256, rate: FeeRate? = nil, isReplaceable: Bool = true, through chain: any WalletChain
    ) async throws -> (transaction: Transaction, oldFee: Amount, fee: Amount) {
        try await synchronise(with: chain)
        _ = try openAccount()
        let (draft, order, oldFee) = try bumpDraft(txid, rate: rate, isReplaceable: isReplaceable)
        let transaction = try await handIn(try sign(draft), order: order, replaces: txid, through: chain)
        return (transaction, oldFee, draft.fee)
    }

    /// As ``bump(_:rate:isReplaceable:through:)``, for somebody else to sign and send.
    public func draftBump(
        _ txid: Hash256, rate: FeeRate? = nil, isReplaceable: Bool = true, through chain: any WalletChain
    ) async throws -> (transaction: PartiallySignedTransaction, oldFee: Amount, fee: Amount) {
        try await synchronise(with: chain)
        let (draft, _, oldFee) = try bumpDraft(txid, rate: rate, isReplaceable: isReplaceable)
        try save()
        return (try partial(draft), oldFee, draft.fee)
    }

    private func bumpDraft(
        _ txid: Hash256, rate: FeeRate?, isReplaceable: Bool
    ) throws(WalletError) -> (draft: TransactionDraft, order: PaymentOrder, oldFee: Amount) {
        let (old, oldFee) = try replaceable(txid)
        let change = old.receipts.first { $0.holder.key?.branch == .change }
        var order = PaymentOrder(outputs: [])
        for (index, output) in old.transaction.outputs.enumerated() where index != change.map({ Int($0.index) }) { order.outputs.append(output) }
        if order.outputs.isEmpty, let only = old.transaction.outputs.first {
            // Everything went back to the wallet: that output pays what is added.
            order.outputs = [only]
            order.feePayers = [0]
        } else {
            order.changeProgram = change?.holder.program
            order.changePlace = change.map { Int($0.index) }
        }
        order.isReplaceable = isReplaceable
        order.version = old.transaction.version
        order.lockTime = old.transaction.lockTime
        order.inputs = old.transaction.inputs.map { (outPoint: $0.outPoint, sequence: nil) }
        // What is unconfirmed and not spent by the old one must not be spent by the new one.
        order.leastConfirmations = 1
        order.comment = old.comment
        order.payee = old.payee
        bumping = txid
        defer { bumping = nil }
        let cost = old.transaction.cost
        order.rate = rate ?? max(.standard, FeeRate(harukiPerThousand: FeeRate(paying: oldFee, for: cost).harukiPerThousand &+ ReplacementRules.step))
        var draft = try draft(order)
        for _ in 0..<4 {
            let size = draft.transaction.cost + draft.spent.count * Witness.keyWitnessLength
            let least = ReplacementRules.leastFee(replacing: oldFee, cost: size)
            if draft.fee >= least { return (draft, order, oldFee) }
            guard rate == nil else { throw .feeBelowReplaced(fee: draft.fee, least: least) }
            order.rate = ReplacementRules.rate(order.rate ?? .standard, replacing: oldFee, cost: size)
            draft = try self.draft(order)
        }
        throw .feeBelowReplaced(fee: draft.fee, least: ReplacementRules.leastFee(replacing: oldFee, cost: cost))
    }

    /// - Throws: where its fee cannot be raised
    private func replaceable(_ txid: Hash256) throws(WalletError) -> (WalletTransaction, fee: Amount) {
        guard let old = ledger[txid] else { throw .notOfWallet(txid) }
        if let by = old.replacedBy { throw .alreadyReplaced(txid, by: by) }
        guard old.state == .pending else {
            throw .notReplaceable(txid, reason: old.state == .abandoned ? "Transaction was abandoned" : "Transaction has been mined, or is conflicted with a mined transaction")
        }
        guard old.transaction.signalsReplacement else { throw .notReplaceable(txid, reason: "Transaction is not BIP 125 replaceable") }
        guard ledger.unconfirmedDescendants(of: txid).count <= 1 else { throw .notReplaceable(txid, reason: "Transaction has descendants in the wallet") }
        guard let fee = old.fee else { throw .notReplaceable(txid, reason: "Transaction contains inputs that don't belong to this wallet") }
        return (old, fee)
    }
}
