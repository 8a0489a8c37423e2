import FlowConsensus
import FlowCrypto
import FlowNode
import FlowRPC
import FlowWallet
import Foundation
import Logging
import ProgramSupport

/// The wallets that a node has loaded: files below `wallets/`, kept in step with the chain.
actor WalletService {
    nonisolated let chain: NodeWalletChain
    private let directory: URL
    private let network: WalletNetwork
    private let log: Logger
    private let notifier: Notifier
    private var wallets: [String: Wallet] = [:]
    /// What was told of each wallet, where somebody wants to be told.
    private var watches: [String: WalletWatch] = [:]
    /// Why files in the wallet directory could not be loaded when the node started.
    private(set) var failures: [String: String] = [:]

    init(chain: ChainService, directory: URL, notifier: Notifier, log: Logger) {
        self.notifier = notifier
        self.chain = NodeWalletChain(chain: chain)
        self.directory = directory.appendingPathComponent("wallets", isDirectory: true)
        self.log = log
        network = WalletNetwork(chain.parameters)
    }

    var names: [String] { wallets.keys.sorted() }

    /// The names of all wallet files, loaded or not.
    func stored() -> [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }.sorted()
    }

    /// Loads all wallets that the directory holds; one that cannot be loaded is reported and left alone.
    func loadAll() async {
        for name in stored() {
            do {
                try await load(name)
            } catch {
                failures[name] = "\(error)"
                log.error("wallet not loaded", metadata: ["wallet": "\(name)", "reason": "\(error)"])
            }
        }
    }

    func create(_ name: String, passphrase: String, mnemonic: String?) async throws -> Wallet {
        let path = try freshPath(of: name)
        // A fresh mnemonic was never paid to before now; a restored one may have been.
        let birthday = mnemonic == nil ? try await chain.tip().height : 0
        let wallet = try Wallet.create(
            at: path, network: network, passphrase: passphrase, mnemonic: mnemonic, birthday: birthday)
        try await wallet.synchronise(with: chain)
        // What has a passphrase is opened with it.
        if !passphrase.isEmpty { try await wallet.lock() }
        return try await adopt(wallet, name)
    }

    /// A wallet without a secret.
    func createWithoutKeys(_ name: String, watchesOnly: Bool) async throws -> Wallet {
        let wallet = try Wallet.createWithoutKeys(
            at: freshPath(of: name), network: network, watchesOnly: watchesOnly, birthday: try await chain.tip().height)
        try await wallet.synchronise(with: chain)
        return try await adopt(wallet, name)
    }

    private func adopt(_ wallet: Wallet, _ name: String) async throws -> Wallet {
        if notifier.tellsOfWallets {
            // What it knows already is no news.
            var watch = WalletWatch()
            let tip = try await chain.tip().hash
            _ = watch.news(try await wallet.history(since: nil, through: chain), tip: tip)
            watches[name] = watch
        }
        wallets[name] = wallet
        failures[name] = nil
        return wallet
    }

    private func freshPath(of name: String) throws -> String {
        let path = try path(of: name)
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw WalletError.file(path: path, reason: error.localizedDescription)
        }
        return path
    }

    @discardableResult
    func load(_ name: String) async throws -> Wallet {
        if wallets[name] != nil { throw RPCError(-35, "Wallet \"\(name)\" is already loaded.") }
        let path = try path(of: name)
        guard FileManager.default.fileExists(atPath: path) else {
            throw RPCError(-18, "Wallet \"\(name)\" not found at \(path). Create it with createwallet, or check its name.")
        }
        let wallet = try Wallet.load(from: path, network: network)
        try await wallet.synchronise(with: chain)
        try await wallet.rebroadcast(through: chain)
        return try await adopt(wallet, name)
    }

    func unload(_ name: String?) throws -> String {
        let (name, _) = try entry(name)
        wallets[name] = nil
        watches[name] = nil
        return name
    }

    /// The wallet that a call is for: the one named in its path, or the only one loaded. It is in step with the chain: who was told of a block or a
    /// transaction sees what it brought. While blocks are scanned again it answers with what it knew before.
    func wallet(_ name: String?) async throws -> Wallet {
        let wallet = try entry(name).1
        if await !wallet.isRescanning { try await wallet.synchronise(with: chain) }
        return wallet
    }

    func entry(_ name: String?) throws -> (String, Wallet) {
        if let name {
            guard let wallet = wallets[name] else {
                throw RPCError(-18, "Requested wallet \"\(name)\" does not exist or is not loaded. Load it with loadwallet.")
            }
            return (name, wallet)
        }
        guard let only = wallets.first, wallets.count == 1 else {
            throw wallets.isEmpty
                ? RPCError(-18, "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet.")
                : RPCError(-19, "Wallet file not specified: \(wallets.count) wallets are loaded. Name one with -rpcwallet=<name>.")
        }
        return (only.key, only.value)
    }

    /// Keeps the wallets in step with the chain until cancelled, and their payments on the way.
    func follow(_ events: AsyncStream<NodeEvent>) async {
        for await event in events {
            let isTip: Bool
            switch event {
            case .tip: isTip = true
            case .transaction, .dropped: isTip = false
            default: continue
            }
            guard isTip || notifier.tellsOfWallets else { continue }
            for (name, wallet) in wallets {
                // It comes to this block by itself, and the others need not wait for it.
                if await wallet.isRescanning { continue }
                do {
                    if isTip {
                        try await wallet.synchronise(with: chain)
                        try await wallet.rebroadcast(through: chain)
                    }
                    try await tellNews(of: wallet, name)
                } catch is CancellationError {
                    return
                } catch {
                    log.error("wallet not in step with the chain", metadata: ["wallet": "\(name)", "reason": "\(error)"])
                }
            }
        }
    }

    private func tellNews(of wallet: Wallet, _ name: String) async throws {
        guard let last = watches[name]?.last else { return }
        let tip = try await chain.tip().hash
        let history = try await wallet.history(since: last, through: chain)
        for transaction in watches[name]?.news(history, tip: tip) ?? [] {
            notifier.tell(wallet: name, txid: transaction.txid.displayHex, block: transaction.block.map { ($0.hash.displayHex, $0.height) })
        }
    }

    private func path(of name: String) throws -> String {
        let allowed = name.unicodeScalars.allSatisfy { CharacterSet.alphanumerics.contains($0) || "-_.".unicodeScalars.contains($0) }
        guard !name.isEmpty, name.utf8.count <= 64, allowed, !name.hasPrefix(".") else {
            throw RPCError.invalidParameter(
                "A wallet's name is 1 to 64 letters, digits, '-', '_' or '.', and does not begin with '.'; got \"\(name)\".")
        }
        return directory.appendingPathComponent(name + ".json").path
    }
}
