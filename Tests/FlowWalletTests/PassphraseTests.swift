import FlowConsensus
import FlowCrypto
import Foundation
import TestSupport
import Testing

@testable import FlowWallet

@Suite struct PassphraseTests {
    @Test func aWalletGetsAPassphraseAndAnother() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let path = folder.path("w")
        let wallet = try Wallet.create(at: path, network: testNetwork, passphrase: "", lookahead: 5)
        let words = try await wallet.mnemonic(passphrase: "")
        await #expect(throws: WalletError.notEncrypted) { try await wallet.changePassphrase(from: "a", to: "b") }
        await #expect(throws: WalletError.emptyPassphrase) { try await wallet.encrypt(passphrase: "") }
        // A NUL, and what looks alike, are characters like others.
        let first = "a\0b\u{e9}", huge = String(repeating: "correct horse ", count: 80_000)
        try await wallet.encrypt(passphrase: first)
        let (isLocked, isEncrypted) = await (wallet.isLocked, wallet.isEncrypted)
        #expect(isLocked && isEncrypted)
        await #expect(throws: WalletError.alreadyEncrypted) { try await wallet.encrypt(passphrase: "x") }
        for wrong in ["a", "a\0", "a\0b", "a\0be", ""] {
            await #expect(throws: WalletError.self) { try await wallet.unlock(passphrase: wrong, for: .seconds(60)) }
        }
        // Typed on another keyboard: e and an accent.
        try await wallet.unlock(passphrase: "a\0be\u{301}", for: .seconds(60))
        await #expect(throws: WalletError.wrongPassphrase) { try await wallet.changePassphrase(from: "b", to: "c") }
        await #expect(throws: WalletError.emptyPassphrase) { try await wallet.changePassphrase(from: first, to: "") }
        try await wallet.changePassphrase(from: first, to: huge)
        #expect(await !wallet.isLocked, "as it was")
        let again = try Wallet.load(from: path, network: testNetwork, lookahead: 5)
        #expect(await again.isLocked)
        await #expect(throws: WalletError.wrongPassphrase) { try await again.unlock(passphrase: first, for: .seconds(60)) }
        try await again.unlock(passphrase: huge, for: .seconds(60))
        #expect(try await again.mnemonic(passphrase: huge) == words)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }

    /// A disk that refuses leaves file and wallet as they were.
    @Test func aFileThatCannotBeReplacedKeepsItsPassphrase() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let path = folder.path("w")
        let wallet = try Wallet.create(at: path, network: testNetwork, passphrase: "old", lookahead: 5)
        // Something that is no file stands where the new one is written first.
        try FileManager.default.createDirectory(atPath: path + ".new/x", withIntermediateDirectories: true)
        chmod(path + ".new", 0o500)
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700); chmod(path + ".new", 0o700) }
        guard geteuid() != 0 else { return }
        await #expect(throws: WalletError.self) { try await wallet.changePassphrase(from: "old", to: "new") }
        chmod(folder.path, 0o700)
        try await wallet.lock()
        try await wallet.unlock(passphrase: "old", for: .seconds(60))
        let again = try Wallet.load(from: path, network: testNetwork, lookahead: 5)
        try await again.unlock(passphrase: "old", for: .seconds(60))
    }

    @Test func aBackupIsTheWallet() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let (wallet, chain) = try await fundedWallet(at: folder.path("w"))
        let address = try await wallet.newAddress(label: "rent")
        _ = try await wallet.send(flow("3"), to: Address(program: testStranger, prefix: "rfl"), through: chain)
        try await wallet.synchronise(with: chain)
        try FileManager.default.createDirectory(atPath: folder.path("folder"), withIntermediateDirectories: true)
        #expect(try await wallet.backUp(to: folder.path("copy")) == folder.path("copy"))
        #expect(try await wallet.backUp(to: folder.path("folder")) == folder.path("folder/w"))
        for path in [folder.path("copy"), folder.path("folder/w")] {
            let copy = try Wallet.load(from: path, network: testNetwork, lookahead: 20)
            try await copy.synchronise(with: chain)
            #expect(await copy.balance == wallet.balance)
            #expect(await copy.label(of: address) == "rent")
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
        for path in [folder.path("w"), folder.path, folder.path("nowhere/x")] {
            await #expect(throws: WalletError.self) { try await wallet.backUp(to: path) }
        }
        // Files of the version before are read.
        var old = try String(contentsOfFile: folder.path("copy"), encoding: .utf8).replacingOccurrences(of: "\"version\" : 3", with: "\"version\" : 2")
        for name in ["watchesOnly", "avoidsReuse"] { old = old.replacingOccurrences(of: "\"\(name)\" : false,\n", with: "") }
        try old.write(toFile: folder.path("old"), atomically: true, encoding: .utf8)
        let older = try Wallet.load(from: folder.path("old"), network: testNetwork, lookahead: 20)
        try await older.synchronise(with: chain)
        #expect(await older.balance == wallet.balance)
    }

    @Test func filesWithBrokenPartsAreRefused() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        _ = try Wallet.create(at: folder.path("w"), network: testNetwork, passphrase: "", lookahead: 2)
        let good = try WalletFile.read(folder.path("w"))
        let damages: [(inout WalletFileContents) -> Void] = [
            { $0.lockedCoins = ["00:1"] }, { $0.lockedCoins = [String(repeating: "0", count: 64)] },
            { $0.lockedCoins = [String(repeating: "0", count: 64) + ":4294967296"] }, { $0.watched = [.init(program: "00")] },
            { $0.watched = [.init(program: String(repeating: "00", count: 20), publicKey: String(repeating: "11", count: 32))] },
            { $0.watched = [.init(program: "x")] }, { $0.sealedEntropy = "" },
            { $0.payments = [.init(transaction: "00", time: 0, abandoned: false)] },
        ]
        for (index, damage) in damages.enumerated() {
            var contents = good
            damage(&contents)
            try WalletFile.write(contents, to: folder.path("damaged"))
            #expect(throws: WalletError.self, "\(index)") { try Wallet.load(from: folder.path("damaged"), network: testNetwork) }
        }
    }
}
