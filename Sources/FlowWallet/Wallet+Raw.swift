public import FlowConsensus
import FlowCrypto

extension Wallet {
    /// Signs what the wallet's keys can sign of a transaction, for the rules of the next block.
    ///
    /// - Parameter spent: outputs that the inputs spend and that the wallet does not know; what it knows itself goes before.
    /// - Throws: `locked`, `noSecret`, `noPrivateKeys`
    public func sign(_ transaction: Transaction, spent: [OutPoint: TransactionOutput] = [:]) throws(WalletError) -> SignedTransaction {
        _ = try openAccount()
        let outputs = transaction.inputs.map { ledger.output($0.outPoint)?.output ?? spent[$0.outPoint] }
        return try SignedTransaction(transaction, spending: outputs, domain: network.signatureDomain(afterTip: tipHeight), key: privateKey(of:))
    }

    /// By how much transactions, one after the other, would change what the wallet owns.
    public func balanceChange(by transactions: [Transaction], countingWatched: Bool = false) throws(WalletError) -> Int64 {
        try ledger.change(by: transactions, countingWatched: countingWatched, holder: holder(of:))
    }

    /// An address for change, which is not handed out again.
    public func newChangeAddress() throws(WalletError) -> Address {
        let key = try takeKey(.change)
        try save()
        return try address(of: key.program)
    }

    /// Signs a message with the key of an address.
    /// - Throws: `notOwnAddress`, `locked`, `noSecret`, `noPrivateKeys`
    public func sign(message: String, by address: Address) throws(WalletError) -> MessageSignature {
        _ = try openAccount()
        guard let key = try privateKey(of: address.program) else { throw .notOwnAddress(address.description) }
        return MessageSignature(signing: message, with: key, genesisHash: network.genesisHash)
    }
}
