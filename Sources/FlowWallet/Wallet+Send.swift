public import FlowConsensus
public import FlowCrypto
import Foundation

extension Wallet {
    /// The most that a wallet pays in fees for one transaction: 0.1 FLOW.
    static let feeLimit = Amount(haruki: 10_000_000)

    /// Pays an amount, signs, and hands the transaction to the chain. The wallet remembers it, on the disk, before anybody sees it, and sends it again
    /// (``rebroadcast(through:)``) until a block holds it or it is given up (``abandon(_:)``).
    ///
    /// - Returns: the transaction, as the chain took it.
    /// - Throws: `locked`, `insufficientFunds`, `amountBelowDust`, `notPayable`, `feeAboveLimit`, what the chain throws.
    public func send(
        _ amount: Amount, to destination: Address, rate: FeeRate = .standard, through chain: any WalletChain
    ) async throws -> Transaction {
        try await synchronise(with: chain)
        let transaction = try makePayment(of: amount, to: destination, rate: rate)
        ledger.add(WalletPayment(transaction: transaction, time: UInt64(max(0, Date().timeIntervalSince1970))), key: key(for:))
        ledger.settle()
        do {
            try save()
            try await chain.submit(transaction)
        } catch {
            ledger.remove(payment: transaction.txid)
            try save()
            throw error
        }
        return transaction
    }

    /// Gives up a payment that no block holds and that no longer waits in the node's pool, so that its coins can be spent again.
    ///
    /// - Throws: `notAbandonable` for any other transaction, `file`.
    public func abandon(_ txid: Hash256) throws(WalletError) {
        guard ledger.abandon(txid) else { throw .notAbandonable(txid) }
        try save()
    }

    /// Builds and signs a payment from the coins that can be spent now.
    func makePayment(of amount: Amount, to destination: Address, rate: FeeRate) throws(WalletError) -> Transaction {
        guard let account else { throw .locked }
        guard destination.prefix == network.addressPrefix, destination.isPayable else {
            throw .notPayable("\(destination) is not an address that this network pays to")
        }
        let dust = CoinSelection.dust(at: rate)
        guard amount.isMoney, amount >= dust else { throw .amountBelowDust(amount: amount, dust: dust) }
        let spendable = ledger.coins.filter { $0.isSpendable(atTip: tipHeight) }
        // Chains of unconfirmed payments end at a node's limit, so confirmed coins go first.
        let confirmed = spendable.filter { $0.height != nil }
        let selection = if let choice = try? CoinSelection.choose(from: confirmed, paying: amount, rate: rate) {
            choice
        } else {
            try CoinSelection.choose(from: spendable, paying: amount, rate: rate)
        }
        guard selection.fee <= Self.feeLimit else { throw .feeAboveLimit(fee: selection.fee, limit: Self.feeLimit) }

        var outputs = [TransactionOutput(value: amount, program: destination.program)]
        if let change = selection.change {
            let key = try takeKey(.change)
            // The change's place must not tell which output it is.
            outputs.insert(TransactionOutput(value: change, program: key.program), at: Int.random(in: 0...1))
        }
        var transaction = Transaction(inputs: selection.coins.map { TransactionInput(outPoint: $0.outPoint) }, outputs: outputs)
        let hash = SignatureHash(
            transaction: transaction, spentOutputs: selection.coins.map(\.output),
            domain: network.signatureDomain(afterTip: tipHeight))
        for (index, coin) in selection.coins.enumerated() {
            let key = try Secret.privateKey(of: coin.key, account: account)
            let digest = hash.digest(input: UInt32(truncatingIfNeeded: index))
            transaction.witnesses.append(Witness(publicKey: key.publicKey, signature: key.sign(digest)))
        }
        return transaction
    }
}
