import FlowCrypto
import FlowEncoding
import Foundation

extension Wallet {
    /// Gives a wallet without a passphrase one. It is locked then. The old file is replaced, not wiped: its words are as secret as before, so whoever had the file
    /// has them.
    ///
    /// - Throws: `alreadyEncrypted`, `emptyPassphrase`, `noSecret`, `noPrivateKeys`, `file` (the wallet is as before then)
    public func encrypt(passphrase: String) throws(WalletError) {
        try requireSecret()
        guard !contents.encrypted else { throw .alreadyEncrypted }
        guard !passphrase.isEmpty else { throw .emptyPassphrase }
        try seal(Secret.mnemonic(of: contents, passphrase: "", path: path), passphrase: passphrase)
        lockNow()
    }

    /// Changes the passphrase; whether the wallet is locked stays as it was.
    ///
    /// - Throws: `notEncrypted`, `wrongPassphrase`, `emptyPassphrase`, `file` (the old one opens it then)
    public func changePassphrase(from old: String, to new: String) throws(WalletError) {
        guard contents.encrypted else { throw .notEncrypted }
        guard !old.isEmpty, !new.isEmpty else { throw .emptyPassphrase }
        try seal(Secret.mnemonic(of: contents, passphrase: old, path: path), passphrase: new)
    }

    private func seal(_ mnemonic: Mnemonic, passphrase: String) throws(WalletError) {
        let before = contents
        contents.sealedEntropy = Hex.encode(try Secret.seal(mnemonic, passphrase: passphrase))
        contents.encrypted = true
        do {
            try save()
        } catch {
            contents = before
            throw error
        }
    }

    /// Writes a copy of the wallet as it is now, to a file or into a folder.
    ///
    /// - Returns: the path of the copy
    /// - Throws: `file`, also where the copy would be the wallet itself
    @discardableResult
    public func backUp(to destination: String) throws(WalletError) -> String {
        var target = URL(fileURLWithPath: destination)
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: target.path, isDirectory: &isFolder), isFolder.boolValue {
            target.appendPathComponent(URL(fileURLWithPath: path).lastPathComponent)
        }
        guard target.resolvingSymlinksInPath() != URL(fileURLWithPath: path).resolvingSymlinksInPath() else {
            throw .file(path: target.path, reason: "it is the wallet itself")
        }
        try WalletFile.write(whole(), to: target.path)
        return target.path
    }
}
