public import FlowConsensus
public import FlowCrypto

/// Why the wallet follows a program.
public enum WalletHolder: Hashable, Sendable {
    /// The wallet's secret holds the key.
    case key(WalletKey)
    /// Imported to be watched: the wallet cannot spend what is paid there.
    case watched(WatchedProgram)

    public var program: LockProgram {
        switch self {
        case .key(let key): key.program
        case .watched(let watched): watched.program
        }
    }

    /// The wallet's own key; nil for what is watched.
    public var key: WalletKey? { if case .key(let key) = self { key } else { nil } }

    /// The public half of the key that spends, where it is known.
    public var publicKey: Ed25519.PublicKey? {
        switch self {
        case .key(let key): key.publicKey
        case .watched(let watched): watched.publicKey
        }
    }

    public var isWatched: Bool { key == nil }
}
