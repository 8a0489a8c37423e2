public import FlowCrypto

/// The way from one tip to another.
public struct Reorganisation: Hashable, Sendable {
    /// The last block that both share.
    public let fork: Hash256
    /// Blocks to take back, the old tip first.
    public let disconnect: [Hash256]
    /// Blocks to connect, the lowest first.
    public let connect: [Hash256]

    public init(fork: Hash256, disconnect: [Hash256], connect: [Hash256]) {
        self.fork = fork
        self.disconnect = disconnect
        self.connect = connect
    }
}
