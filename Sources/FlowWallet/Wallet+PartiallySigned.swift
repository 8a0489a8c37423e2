public import FlowConsensus
import FlowCrypto

extension Wallet {
    /// A draft as a partially signed transaction, with all that the wallet knows of it.
    func partial(_ draft: TransactionDraft) throws(WalletError) -> PartiallySignedTransaction {
        var partial = try PartiallySignedTransaction(draft.transaction)
        let spent = Dictionary(draft.spent.map { ($0.outPoint, $0.output) }, uniquingKeysWith: { first, _ in first })
        partial.update(spent: { spent[$0] }, origin: origin(of:))
        return partial
    }

    /// Adds coins and change to an order, for others to sign or for this wallet later (``process(_:signs:finalizes:)``).
    public func fundPartially(
        _ order: PaymentOrder, through chain: any WalletChain
    ) async throws -> (transaction: PartiallySignedTransaction, changePlace: Int?, fee: Amount) {
        let draft = try await fund(order, through: chain)
        return (try partial(draft), draft.changePlace, draft.fee)
    }

    /// Adds what the wallet knows of a partially signed transaction's inputs and outputs, signs what its keys can sign, and makes witnesses of the signatures.
    ///
    /// - Returns: whether all inputs have their witness now; ``PartiallySignedTransaction/extracted`` is the whole transaction then.
    /// - Throws: `notCombinable` where it claims something else of one of the wallet's coins than the chain says; `locked` where it is to sign
    public func process(_ partial: inout PartiallySignedTransaction, signs: Bool = true, finalizes: Bool = true) throws(WalletError) -> Bool {
        for (input, known) in zip(partial.transaction.inputs, partial.inputs) {
            if let own = ledger.output(input.outPoint)?.output, let claimed = known.spentOutput, own != claimed {
                throw .notCombinable("\(input.outPoint) holds \(own.value) FLOW in this wallet and \(claimed.value) FLOW there")
            }
        }
        let domain = network.signatureDomain(afterTip: tipHeight)
        partial.update(spent: { ledger.output($0)?.output }, origin: origin(of:))
        if signs, hasSecret, !watchesOnly { try partial.sign(domain: domain, key: privateKey(of:)) }
        return finalizes ? partial.finalize(domain: domain) : partial.extracted != nil
    }

    private func origin(of program: LockProgram) -> PartiallySignedTransaction.KeyOrigin? {
        switch holder(of: program) {
        case .key(let key): PartiallySignedTransaction.KeyOrigin(key)
        case .watched(let watched): watched.publicKey.map { PartiallySignedTransaction.KeyOrigin(publicKey: $0, path: []) }
        case nil: nil
        }
    }
}
