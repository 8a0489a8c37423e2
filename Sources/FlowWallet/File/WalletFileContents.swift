/// The JSON of a wallet file. Only what the chain cannot give back stands here.
struct WalletFileContents: Codable, Sendable {
    static let format = "flowcoin-wallet"
    static let version = 2

    struct Payment: Codable, Sendable {
        /// Hexadecimal.
        let transaction: String
        /// Seconds since 1970.
        let time: UInt64
        let abandoned: Bool
    }

    var format = Self.format
    var version = Self.version
    /// The network, as its genesis hash prints.
    let genesis: String
    /// False when the secret is sealed with the empty passphrase, so that anybody with the file can open it.
    var encrypted: Bool
    /// The mnemonic's entropy, sealed with the passphrase; hexadecimal.
    var sealedEntropy: String
    /// Height of the chain when the wallet was made: nothing was paid to it before.
    let birthday: UInt32
    /// Public keys derived in advance, of the branches `receive` and `change`, one behind the other in hexadecimal; checked against the secret at each
    /// unlocking.
    var keys: [String]
    /// How many keys of the branches are handed out.
    var next: [UInt32]
    /// Keys were met on the chain that this file had not handed out, so keys derived from now on may have been paid to before.
    var looksBack: Bool
    /// Address to label.
    var labels: [String: String]
    /// Payments made by this wallet, until they are buried deep.
    var payments: [Payment]
}
