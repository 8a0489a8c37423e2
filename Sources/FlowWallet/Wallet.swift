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
    /// Whether somebody asked for blocks to be scanned again, and that goes on.
    public internal(set) var isRescanning = false
    var abortsRescan = false
    /// What is watched without its key.
    var watched: [LockProgram: WatchedProgram] = [:]
    /// Coins that are not chosen, and whether the file remembers that.
    var lockedCoins: [OutPoint: Bool] = [:]
    /// The payment whose place a draft takes.
    var bumping: Hash256?
    /// What this wallet pays for room in a block unless told otherwise; nil for ``FeeRate/standard``. Not kept over restarts.
    public private(set) var rate: FeeRate?

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
            sealedEntropy: Hex.encode(try Secret.seal(mnemonic, passphrase: passphrase)), birthday: birthday)
        var ring = KeyRing(lookahead: lookahead)
        try Secret.refill(&ring, from: account)
        let wallet = Wallet(path: path, network: network, contents: contents.with(ring, payments: []), ring: ring, account: account)
        try WalletFile.write(contents.with(ring, payments: []), to: path)
        return wallet
    }

    /// Makes a new wallet without a secret, for addresses and public keys that are imported (``watch(_:publicKey:label:)``).
    ///
    /// - Throws: `alreadyExists`, `file`.
    public static func createWithoutKeys(
        at path: String, network: WalletNetwork, watchesOnly: Bool, birthday: BlockHeight = 0
    ) throws(WalletError) -> Wallet {
        guard !FileManager.default.fileExists(atPath: path) else { throw .alreadyExists(path: path) }
        var contents = WalletFileContents(genesis: network.genesisHash.displayHex, encrypted: false, sealedEntropy: "", birthday: birthday)
        contents.watchesOnly = watchesOnly
        try WalletFile.write(contents, to: path)
        return Wallet(path: path, network: network, contents: contents, ring: KeyRing(lookahead: 1_000), account: nil)
    }

    /// Opens a wallet file. A wallet with a passphrase is locked at first.
    /// - Throws: `file`, `damagedFile`, `foreignNetwork`.
    public static func load(from path: String, network: WalletNetwork, lookahead: UInt32 = 1_000) throws(WalletError) -> Wallet {
        let contents = try WalletFile.read(path)
        guard contents.genesis == network.genesisHash.displayHex else {
            throw .foreignNetwork(path: path, expected: network.genesisHash.displayHex, actual: contents.genesis)
        }
        let ring = try contents.ring(lookahead: lookahead, path: path)
        let watched = try contents.watchedPrograms(path: path)
        let locked = try contents.lockedOutPoints(path: path)
        let payments = try contents.madePayments(path: path)
        var account: ExtendedPrivateKey?
        if contents.sealedEntropy.isEmpty {
            guard !contents.encrypted, contents.keys.allSatisfy(\.isEmpty) else { throw .damagedFile(path: path, reason: "it has keys and no secret") }
        } else if !contents.encrypted {
            account = try Secret.open(contents, passphrase: "", ring: ring, path: path)
        }
        return Wallet(
            path: path, network: network, contents: contents, ring: ring, account: account, watched: watched, lockedCoins: locked, payments: payments)
    }

    private init(
        path: String, network: WalletNetwork, contents: WalletFileContents, ring: KeyRing, account: ExtendedPrivateKey?,
        watched: [WatchedProgram] = [], lockedCoins: [OutPoint] = [], payments: [WalletPayment] = []
    ) {
        self.path = path
        self.network = network
        self.contents = contents
        self.ring = ring
        self.account = account
        let programs = Dictionary(watched.map { ($0.program, $0) }, uniquingKeysWith: { first, _ in first })
        self.watched = programs
        self.lockedCoins = Dictionary(lockedCoins.map { ($0, true) }, uniquingKeysWith: { first, _ in first })
        var ledger = WalletLedger()
        for payment in payments { ledger.add(payment) { Self.holder(of: $0, ring, programs) } }
        ledger.settle()
        self.ledger = ledger
    }

    public var isEncrypted: Bool { contents.encrypted }
    /// Whether the secret is there and has to be unlocked first.
    public var isLocked: Bool { account == nil && hasSecret }
    /// Whether the wallet has a secret of its own.
    public var hasSecret: Bool { !contents.sealedEntropy.isEmpty }
    /// Whether the wallet was made never to hold keys.
    public var watchesOnly: Bool { contents.watchesOnly }
    public var birthday: BlockHeight { contents.birthday }
    public var balance: WalletBalance { ledger.balance(atTip: tipHeight) }

    /// Sets what this wallet pays for room in a block unless told otherwise; nil for the standard.
    public func setRate(_ rate: FeeRate?) { self.rate = rate }

    /// Whether coins of programs that were spent from before are left alone.
    public var avoidsReuse: Bool { contents.avoidsReuse }

    public func setAvoidsReuse(_ value: Bool) throws(WalletError) {
        contents.avoidsReuse = value
        try save()
    }

    // MARK: the secret

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

    func lockNow() {
        relock?.cancel()
        relock = nil
        account = nil
    }

    /// The words that bring all of the wallet's money back. Needs the passphrase again (empty for a wallet without one).
    public func mnemonic(passphrase: String) throws(WalletError) -> String {
        try requireSecret()
        return try Secret.words(of: contents, passphrase: passphrase, path: path)
    }

    /// - Throws: `noPrivateKeys`, `noSecret`
    func requireSecret() throws(WalletError) {
        if watchesOnly { throw .noPrivateKeys }
        if !hasSecret { throw .noSecret }
    }

    /// The account's secret.
    /// - Throws: `noPrivateKeys`, `noSecret`, `locked`
    func openAccount() throws(WalletError) -> ExtendedPrivateKey {
        try requireSecret()
        guard let account else { throw .locked }
        return account
    }

    // MARK: keys

    /// Which of the wallet's keys a program pays to, or that it is watched.
    public func holder(of program: LockProgram) -> WalletHolder? { Self.holder(of: program, ring, watched) }

    private static func holder(of program: LockProgram, _ ring: KeyRing, _ watched: [LockProgram: WatchedProgram]) -> WalletHolder? {
        ring.key(for: program).map { .key($0) } ?? watched[program].map { .watched($0) }
    }

    /// Keys of addresses that are derived and not handed out.
    public var keysAhead: Int { ring.keys[.receive, default: []].count - Int(clamping: ring.next[.receive, default: 0]) }

    public func address(of program: LockProgram) throws(WalletError) -> Address {
        do {
            return try Address(program: program, prefix: network.addressPrefix)
        } catch {
            throw .notPayable(error.description)
        }
    }

    func takeKey(_ branch: KeyBranch) throws(WalletError) -> WalletKey {
        try requireSecret()
        try refillKeys()
        guard let key = ring.take(branch) else { throw .keyPoolEmpty }
        return key
    }

    /// Derives so many keys ahead, and keeps so many from now on.
    /// - Throws: `locked`, `noSecret`, `noPrivateKeys`, `file`
    public func refillKeys(ahead count: UInt32) throws(WalletError) {
        _ = try openAccount()
        ring.lookahead = max(ring.lookahead, min(max(1, count), KeyRing.longestLookahead))
        try refillKeys()
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

    // MARK: the file

    func save() throws(WalletError) {
        contents = whole()
        try WalletFile.write(contents, to: path)
    }

    /// What the file has to hold now.
    func whole() -> WalletFileContents {
        ledger.forgetBuriedPayments(below: tipHeight > Self.reorganisationDepth ? tipHeight - Self.reorganisationDepth : 0)
        let watched = watched.values.sorted { $0.program.bytes.lexicographicallyPrecedes($1.program.bytes) }
        let locked = lockedCoins.filter(\.value).keys.sorted { ($0.txid, $0.index) < ($1.txid, $1.index) }
        return contents.with(ring, payments: ledger.payments).with(watched: watched, lockedCoins: locked)
    }
}
