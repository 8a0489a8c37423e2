public import FlowConsensus
public import FlowCrypto

extension Wallet {
    /// Watches an address without its key: what is paid there is shown apart, and never chosen for a payment that this wallet signs. What blocks of before
    /// paid there is found by ``rescan(from:with:progress:)``.
    ///
    /// - Parameter publicKey: where it is known
    /// - Returns: whether it was not watched before
    /// - Throws: `notPayable`, `invalidOrder` where the wallet holds its key, `file`
    @discardableResult
    public func watch(_ address: Address, publicKey: Ed25519.PublicKey? = nil, label: String? = nil) throws(WalletError) -> Bool {
        guard address.prefix == network.addressPrefix, address.isPayable else {
            throw .notPayable("\(address) is not an address that this network pays to")
        }
        guard publicKey.map({ LockProgram(publicKey: $0) == address.program }) ?? true else { throw .notPayable("\(address) is not that public key's") }
        guard ring.key(for: address.program) == nil else {
            throw .invalidOrder("The wallet already contains the private key for this address or script")
        }
        let known = watched[address.program]
        watched[address.program] = WatchedProgram(program: address.program, publicKey: publicKey ?? known?.publicKey)
        if let label { contents.labels[address.description] = label }
        try save()
        return known == nil
    }

    /// The money that the wallet watches; nil where it watches nothing.
    public var watchedBalance: WalletBalance? { watched.isEmpty ? nil : ledger.watchedBalance(atTip: tipHeight) }
}
