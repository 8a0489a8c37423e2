import FlowConsensus
import FlowCrypto
import FlowEncoding

/// The wallet's secret: from words to keys, and in and out of its seal.
enum Secret {
    static let accountPath = "m/44'/9555'/0'"

    static func freshMnemonic() throws(WalletError) -> Mnemonic {
        do { return try Mnemonic.generate(wordCount: 24) } catch { throw .invalidMnemonic(error.description) }
    }

    static func mnemonic(_ words: String) throws(WalletError) -> Mnemonic {
        do { return try Mnemonic(words: words) } catch { throw .invalidMnemonic(error.description) }
    }

    static func account(of mnemonic: Mnemonic) throws(WalletError) -> ExtendedPrivateKey {
        do {
            return try ExtendedPrivateKey(seed: mnemonic.seed()).derive(path: accountPath)
        } catch {
            throw .invalidMnemonic(error.description)
        }
    }

    static func seal(_ mnemonic: Mnemonic, passphrase: String) throws(WalletError) -> [UInt8] {
        do {
            // An empty passphrase protects nothing, so no effort is spent on it.
            let parameters = passphrase.isEmpty ? try SealedBox.Parameters(memoryKiB: 8, passes: 1) : .standard
            return try SealedBox.seal(mnemonic.entropy, password: passphrase, parameters: parameters)
        } catch {
            throw .file(path: "(memory)", reason: error.description)
        }
    }

    /// Opens the seal.
    static func mnemonic(of contents: WalletFileContents, passphrase: String, path: String) throws(WalletError) -> Mnemonic {
        guard let sealed = try? Hex.decode(contents.sealedEntropy) else {
            throw .damagedFile(path: path, reason: "its sealed secret is not hexadecimal")
        }
        let entropy: SecretBytes
        do {
            entropy = try SealedBox.openSecret(sealed, password: passphrase)
        } catch CryptoError.authenticationFailed {
            throw .wrongPassphrase
        } catch {
            throw .damagedFile(path: path, reason: error.description)
        }
        do { return try Mnemonic(entropy: entropy) } catch { throw .damagedFile(path: path, reason: error.description) }
    }

    static func words(of contents: WalletFileContents, passphrase: String, path: String) throws(WalletError) -> String {
        try mnemonic(of: contents, passphrase: passphrase, path: path).phrase
    }

    /// Opens the seal and checks that the keys listed in the file are those of the secret: a file in which somebody has put
    /// keys of their own would otherwise hand out their addresses.
    static func open(
        _ contents: WalletFileContents, passphrase: String, ring: KeyRing, path: String
    ) throws(WalletError) -> ExtendedPrivateKey {
        let account = try account(of: mnemonic(of: contents, passphrase: passphrase, path: path))
        for branch in KeyBranch.allCases {
            let parent = try derive(account, branch.rawValue)
            let listed = ring.keys[branch, default: []]
            for (key, publicKey) in zip(listed, try publicKeys(parent, from: 0, count: listed.count)) where key.publicKey != publicKey {
                throw .damagedFile(path: path, reason: "key \(branch)/\(key.index) is not derived from its secret")
            }
        }
        return account
    }

    static func refill(_ ring: inout KeyRing, from account: ExtendedPrivateKey) throws(WalletError) {
        for branch in KeyBranch.allCases {
            let parent = try derive(account, branch.rawValue)
            let first = UInt32(truncatingIfNeeded: ring.keys[branch, default: []].count)
            let missing = Int(clamping: ring.missing(on: branch))
            for (index, publicKey) in try zip(first..., publicKeys(parent, from: first, count: missing)) {
                guard ring.append(WalletKey(branch: branch, index: index, publicKey: publicKey)) else { return }
            }
        }
    }

    static func privateKey(of key: WalletKey, account: ExtendedPrivateKey) throws(WalletError) -> Ed25519.PrivateKey {
        try derive(derive(account, key.branch.rawValue), key.index).privateKey
    }

    private static func publicKeys(_ parent: ExtendedPrivateKey, from first: UInt32, count: Int) throws(WalletError) -> [Ed25519.PublicKey] {
        let last = UInt32(clamping: Int(clamping: first) + count)
        do { return try parent.publicKeys(first..<max(first, last)) } catch { throw .invalidMnemonic(error.description) }
    }

    private static func derive(_ parent: ExtendedPrivateKey, _ index: UInt32) throws(WalletError) -> ExtendedPrivateKey {
        do { return try parent.derive(index: index) } catch { throw .invalidMnemonic(error.description) }
    }
}
