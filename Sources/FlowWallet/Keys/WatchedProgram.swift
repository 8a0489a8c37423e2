public import FlowConsensus
public import FlowCrypto

/// A program that the wallet watches without holding its key.
public struct WatchedProgram: Hashable, Sendable {
    public let program: LockProgram
    /// Known where a public key was imported, not an address.
    public let publicKey: Ed25519.PublicKey?

    init(program: LockProgram, publicKey: Ed25519.PublicKey? = nil) {
        self.program = program
        self.publicKey = publicKey
    }
}
