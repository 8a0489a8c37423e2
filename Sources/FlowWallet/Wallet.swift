public import FlowConsensus
import FlowCrypto
import FlowEncoding
import Foundation

/// A wallet: one file, one mnemonic, one account (`m/44'/9555'/0'`), its coins and its payments.
public actor Wallet {
    public nonisolated let path: String
    public nonisolated let network: WalletNetwork

    var contents: WalletFileContents
    var ring: KeyRing
    public internal(set) var ledger = WalletLedger()
    /// The account's secret while the wallet is unlocked.
    var account: ExtendedPrivateKey?
    private var relock: Task<Void, Never>?
    /// The height of the chain's tip at the last synchronisation.
    public internal(set) var tipHeight: BlockHeight = 0

    /// Makes a new wallet with a fresh mnemonic of 24 words, or with the one given, and writes its file.
    ///
    /// - Parameters:
    ///   - passphrase: seals the file; with an empty one the wallet is never locked.
    ///   - birthday: height below which nothing can pay to it; 0 for a restored mnemonic.
    /// - Throws: `alreadyExists`, `invalidMnemonic`, `file`.
    public static func create(
        at path: String, network: WalletNetwork, passphrase: String, mnemonic words: String? = nil, birthday: BlockHeight = 0
    ) throws(WalletError) -> Wallet {
        guard !FileManager.default.fileExists(atPath: path) else { throw .alreadyExists(path: path) }
        let mnemonic = if let words { try Secret.mnemonic(words) } else { try Secret.freshMnemonic() }
        let account = try Secret.account(of: mnemonic)
        let contents = WalletFileContents(
            genesis: network.genesisHash.displayHex, encrypted: !passphrase.isEmpty,
            sealedEntropy: Hex.encode(try Secret.seal(mnemonic, passphrase: passphrase)), birthday: birthday, keys: [],
            next: [0, 0], labels: [:], pending: [])
        var ring = KeyRing()
        try Secret.refill(&ring, from: account)
        let wallet = Wallet(
            path: path, network: network, contents: contents.with(ring), ring: ring, account: account)
        try WalletFile.write(contents.with(ring), to: path)
        return wallet
    }

    /// Opens a wallet file. A wallet with a passphrase is locked at first.
    /// - Throws: `file`, `damagedFile`, `foreignNetwork`.
    public static func load(from path: String, network: WalletNetwork) throws(WalletError) -> Wallet {
        let contents = try WalletFile.read(path)
        guard contents.genesis == network.genesisHash.displayHex else {
            throw .foreignNetwork(path: path, expected: network.genesisHash.displayHex, actual: contents.genesis)
        }
        var ring = KeyRing()
        for key in contents.keys {
            guard let bytes = try? Hex.decode(key.publicKey), let publicKey = Ed25519.PublicKey(bytes: bytes),
                ring.append(WalletKey(branch: key.branch, index: key.index, publicKey: publicKey))
            else { throw .damagedFile(path: path, reason: "its list of keys is broken at key \(key.index)") }
        }
        guard contents.next.count == KeyBranch.allCases.count else {
            throw .damagedFile(path: path, reason: "it counts \(contents.next.count) branches, expected \(KeyBranch.allCases.count)")
        }
        for branch in KeyBranch.allCases {
            for key in ring.keys[branch, default: []].prefix(Int(contents.next[Int(branch.rawValue)])) { ring.markUsed(key) }
        }
        var ledger = WalletLedger()
        for text in contents.pending {
            guard let bytes = try? Hex.decode(text), let transaction = try? Transaction(decoding: bytes) else {
                throw .damagedFile(path: path, reason: "one of its pending payments cannot be decoded")
            }
            ledger.add(unconfirmed: transaction, key: { ring.key(for: $0) })
        }
        var account: ExtendedPrivateKey?
        if !contents.encrypted {
            account = try Secret.open(contents, passphrase: "", ring: ring, path: path)
        }
        return Wallet(path: path, network: network, contents: contents, ring: ring, account: account, ledger: ledger)
    }

    private init(
        path: String, network: WalletNetwork, contents: WalletFileContents, ring: KeyRing, account: ExtendedPrivateKey?,
        ledger: WalletLedger = WalletLedger()
    ) {
        self.path = path
        self.network = network
        self.contents = contents
        self.ring = ring
        self.account = account
        self.ledger = ledger
    }

    public var isEncrypted: Bool { contents.encrypted }
    public var isLocked: Bool { account == nil }
    public var birthday: BlockHeight { contents.birthday }
    public var balance: WalletBalance { ledger.balance(atTip: tipHeight) }

    /// Unlocks the wallet for a time.
    /// - Throws: `wrongPassphrase`, `notEncrypted`, `damagedFile` when listed keys are not those of the secret.
    public func unlock(passphrase: String, for duration: Duration) throws(WalletError) {
        guard contents.encrypted else { throw .notEncrypted }
        account = try Secret.open(contents, passphrase: passphrase, ring: ring, path: path)
        relock?.cancel()
        relock = Task { [weak self] in
            guard (try? await Task.sleep(for: duration)) != nil else { return }
            await self?.lockNow()
        }
        try refillKeys()
    }

    /// Wipes the secret from memory.
    public func lock() throws(WalletError) {
        guard contents.encrypted else { throw .notEncrypted }
        lockNow()
    }

    private func lockNow() {
        relock?.cancel()
        relock = nil
        account = nil
    }

    /// The words that bring all of the wallet's money back. Needs the passphrase again (empty for a wallet without one).
    public func mnemonic(passphrase: String) throws(WalletError) -> String {
        try Secret.words(of: contents, passphrase: passphrase, path: path)
    }

    /// An address that was not handed out before.
    public func newAddress(label: String = "") throws(WalletError) -> Address {
        let address = try address(of: takeKey(.receive))
        if !label.isEmpty { contents.labels[address.description] = label }
        try save()
        return address
    }

    /// The label of an address of this wallet.
    public func label(of address: Address) -> String? { contents.labels[address.description] }

    public func address(of key: WalletKey) throws(WalletError) -> Address {
        do {
            return try Address(program: key.program, prefix: network.addressPrefix)
        } catch {
            throw .notPayable(error.description)
        }
    }

    func takeKey(_ branch: KeyBranch) throws(WalletError) -> WalletKey {
        try refillKeys()
        guard let key = ring.take(branch) else { throw .keyPoolEmpty }
        return key
    }

    /// Derives keys in advance while the secret is at hand, and saves them.
    func refillKeys() throws(WalletError) {
        if try deriveAhead() { try save() }
    }

    /// Derives keys in advance while the secret is at hand. True when there were some to derive.
    @discardableResult
    func deriveAhead() throws(WalletError) -> Bool {
        guard let account, KeyBranch.allCases.contains(where: { ring.missing(on: $0) > 0 }) else { return false }
        try Secret.refill(&ring, from: account)
        return true
    }

    func save() throws(WalletError) {
        contents = contents.with(ring)
        contents.pending = ledger.unconfirmed.filter { $0.fee != nil }.map { Hex.encode($0.transaction.encoded) }
        try WalletFile.write(contents, to: path)
    }
}

extension WalletFileContents {
    func with(_ ring: KeyRing) -> WalletFileContents {
        var copy = self
        copy.keys = KeyBranch.allCases.flatMap { ring.keys[$0, default: []] }.map {
            Key(branch: $0.branch, index: $0.index, publicKey: Hex.encode($0.publicKey.bytes))
        }
        copy.next = KeyBranch.allCases.map { ring.next[$0, default: 0] }
        return copy
    }
}
