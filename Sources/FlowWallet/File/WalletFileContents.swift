/// The JSON of a wallet file. Only what the chain cannot give back stands here.
struct WalletFileContents: Sendable {
    static let format = "flowcoin-wallet"
    static let version = 3
    /// Files of version 2 lack what came later.
    static let readVersions = 2...3

    struct Payment: Codable, Sendable {
        /// Hexadecimal.
        let transaction: String
        /// Seconds since 1970.
        let time: UInt64
        let abandoned: Bool
        /// The transaction that it was made to take the place of, as it prints.
        var replaces: String?
        var comment: String?
        var payee: String?
    }

    /// What is watched.
    struct Watched: Codable, Sendable {
        /// Hexadecimal; programs of version 0 alone are watched.
        let program: String
        var publicKey: String?
    }

    /// The network, as its genesis hash prints.
    let genesis: String
    /// False when the secret is sealed with the empty passphrase, so that anybody with the file can open it.
    var encrypted: Bool
    /// The mnemonic's entropy, sealed with the passphrase; hexadecimal. Empty for a wallet without a secret.
    var sealedEntropy: String
    /// Height of the chain when the wallet was made: nothing was paid to it before.
    var birthday: UInt32
    /// Public keys derived in advance, of the branches `receive` and `change`, one behind the other in hexadecimal; checked against the secret at each
    /// unlocking.
    var keys = ["", ""]
    /// How many keys of the branches are handed out.
    var next: [UInt32] = [0, 0]
    /// Keys were met on the chain that this file had not handed out, so keys derived from now on may have been paid to before.
    var looksBack = false
    /// Address to label.
    var labels: [String: String] = [:]
    /// Payments made by this wallet, until they are buried deep.
    var payments: [Payment] = []
    /// The wallet may never hold keys.
    var watchesOnly = false
    var watched: [Watched] = []
    /// Coins that are not chosen, as id and index print.
    var lockedCoins: [String] = []
    /// Coins of programs that were spent from before are not chosen.
    var avoidsReuse = false

    init(genesis: String, encrypted: Bool, sealedEntropy: String, birthday: UInt32) {
        self.genesis = genesis
        self.encrypted = encrypted
        self.sealedEntropy = sealedEntropy
        self.birthday = birthday
    }
}

extension WalletFileContents: Codable {
    private enum CodingKeys: String, CodingKey {
        case format, version, genesis, encrypted, sealedEntropy, birthday, keys, next, looksBack, labels, payments, watchesOnly, watched, lockedCoins, avoidsReuse
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        genesis = try values.decode(String.self, forKey: .genesis)
        encrypted = try values.decode(Bool.self, forKey: .encrypted)
        sealedEntropy = try values.decode(String.self, forKey: .sealedEntropy)
        birthday = try values.decode(UInt32.self, forKey: .birthday)
        keys = try values.decode([String].self, forKey: .keys)
        next = try values.decode([UInt32].self, forKey: .next)
        looksBack = try values.decode(Bool.self, forKey: .looksBack)
        labels = try values.decode([String: String].self, forKey: .labels)
        payments = try values.decode([Payment].self, forKey: .payments)
        guard try values.decode(Int.self, forKey: .version) > 2 else { return }
        watchesOnly = try values.decode(Bool.self, forKey: .watchesOnly)
        watched = try values.decode([Watched].self, forKey: .watched)
        lockedCoins = try values.decode([String].self, forKey: .lockedCoins)
        avoidsReuse = try values.decode(Bool.self, forKey: .avoidsReuse)
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(Self.format, forKey: .format)
        try values.encode(Self.version, forKey: .version)
        try values.encode(genesis, forKey: .genesis)
        try values.encode(encrypted, forKey: .encrypted)
        try values.encode(sealedEntropy, forKey: .sealedEntropy)
        try values.encode(birthday, forKey: .birthday)
        try values.encode(keys, forKey: .keys)
        try values.encode(next, forKey: .next)
        try values.encode(looksBack, forKey: .looksBack)
        try values.encode(labels, forKey: .labels)
        try values.encode(payments, forKey: .payments)
        try values.encode(watchesOnly, forKey: .watchesOnly)
        try values.encode(watched, forKey: .watched)
        try values.encode(lockedCoins, forKey: .lockedCoins)
        try values.encode(avoidsReuse, forKey: .avoidsReuse)
    }
}
