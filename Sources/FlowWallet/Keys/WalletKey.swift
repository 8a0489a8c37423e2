public import FlowConsensus
public import FlowCrypto

/// A key of the wallet: where it is derived, and its public half. The private half is derived anew for each signature.
public struct WalletKey: Hashable, Sendable {
    public let branch: KeyBranch
    public let index: UInt32
    public let publicKey: Ed25519.PublicKey

    init(branch: KeyBranch, index: UInt32, publicKey: Ed25519.PublicKey) {
        self.branch = branch
        self.index = index
        self.publicKey = publicKey
    }

    public var program: LockProgram { LockProgram(publicKey: publicKey) }
}
