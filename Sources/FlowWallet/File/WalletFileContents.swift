/// The JSON of a wallet file. Only what the chain cannot give back stands here.
struct WalletFileContents: Codable, Sendable {
    static let format = "flowcoin-wallet"
    static let version = 1

    struct Key: Codable, Sendable {
        let branch: KeyBranch
        let index: UInt32
        /// Hexadecimal.
        let publicKey: String
    }

    var format = Self.format
    var version = Self.version
    /// The network, as its genesis hash prints.
    let genesis: String
    /// False when the secret is sealed with the empty passphrase, so that anybody with the file can open it.
    var encrypted: Bool
    /// The mnemonic's entropy, sealed with the passphrase; hexadecimal.
    var sealedEntropy: String
    /// Blocks below this height cannot pay to the wallet.
    let birthday: UInt32
    /// Public keys derived in advance; checked against the secret at each unlocking.
    var keys: [Key]
    /// How many keys of the branches `receive` and `change` are handed out.
    var next: [UInt32]
    /// Address to label.
    var labels: [String: String]
    /// Payments made by this wallet that were not in a block yet; hexadecimal.
    var pending: [String]
}
