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
    /// The state of the node's pool that the ledger knows.
    var poolSequence: UInt64?
    /// The next synchronisation begins at the birthday: keys were derived that may have been paid to before.
    var searchesAgain = false
    var isScanning = false
    var turns: [CheckedContinuation<Void, Never>] = []
    /// How far a scan that goes on has come; nil while there is none.
    public internal(set) var scannedHeight: BlockHeight?

    /// Makes a new wallet with a fresh mnemonic of 24 words, or with the one given, and writes its file.
    ///
    /// - Parameters:
    ///   - passphrase: seals the file; with an empty one the wallet is never locked.
    ///   - birthday: the chain's height now, so that nothing has paid to it yet; 0 for a restored mnemonic.
    ///   - lookahead: keys that are derived before they are needed, on each branch: a locked wallet lives on them, and a restored one finds what was paid
    ///     to so many addresses beyond the last that it has met.
    /// - Throws: `alreadyExists`, `invalidMnemonic`, `file`.
    public static func create(
        at path: String, network: WalletNetwork, passphrase: String, mnemonic words: String? = nil, birthday: BlockHeight = 0,
        lookahead: UInt32 = 1_000
    ) throws(WalletError) -> Wallet {
        guard !FileManager.default.fileExists(atPath: path) else { throw .alreadyExists(path: path) }
        let mnemonic = if let words { try Secret.mnemonic(words) } else { try Secret.freshMnemonic() }
        let account = try Secret.account(of: mnemonic)
        let contents = WalletFileContents(
            genesis: network.genesisHash.displayHex, encrypted: !passphrase.isEmpty,
            sealedEntropy: Hex.encode(try Secret.seal(mnemonic, passphrase: passphrase)), birthday: birthday, keys: ["", ""],
            next: [0, 0], looksBack: false, labels: [:], payments: [])
        var ring = KeyRing(lookahead: lookahead)
        try Secret.refill(&ring, from: account)
        let wallet = Wallet(
            path: path, network: network, contents: contents.with(ring, payments: []), ring: ring, account: account)
        try WalletFile.write(contents.with(ring, payments: []), to: path)
        return wallet
    }

    /// Opens a wallet file. A wallet with a passphrase is locked at first.
    /// - Throws: `file`, `damagedFile`, `foreignNetwork`.
    public static func load(from path: String, network: WalletNetwork, lookahead: UInt32 = 1_000) throws(WalletError) -> Wallet {
        let contents = try WalletFile.read(path)
        guard contents.genesis == network.genesisHash.displayHex else {
            throw .foreignNetwork(path: path, expected: network.genesisHash.displayHex, actual: contents.genesis)
        }
        let ring = try contents.ring(lookahead: lookahead, path: path)
        var ledger = WalletLedger()
        for payment in try contents.madePayments(path: path) { ledger.add(payment, key: { ring.key(for: $0) }) }
        ledger.settle()
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

    /// Labels by address.
    public var labels: [String: String] { contents.labels }
    /// Keys of addresses that are derived and not handed out.
    public var keysAhead: Int { ring.keys[.receive, default: []].count - Int(clamping: ring.next[.receive, default: 0]) }

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
        // Whoever used keys that this file did not hand out may have used these too.
        if contents.looksBack { searchesAgain = true }
        contents.looksBack = false
        return true
    }

    func save() throws(WalletError) {
        ledger.forgetBuriedPayments(below: tipHeight > Self.reorganisationDepth ? tipHeight - Self.reorganisationDepth : 0)
        contents = contents.with(ring, payments: ledger.payments)
        try WalletFile.write(contents, to: path)
    }
}
