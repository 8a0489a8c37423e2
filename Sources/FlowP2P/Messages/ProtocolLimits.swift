/// The numbers that both sides of a connection keep to; Bitcoin Core's, unless the protocol says otherwise.
public enum ProtocolLimits {
    /// The version of the wire protocol that this library speaks.
    public static let protocolVersion: UInt32 = 1
    /// The oldest version that it talks to.
    static let minimumProtocolVersion: UInt32 = 1

    /// Longest payload of any message in bytes.
    static let maximumPayload = 4_194_304
    /// Longest payload in bytes of a message whose command is not known.
    static let unknownPayload = 65_536
    /// Entries of `inv`, `getdata` and `notfound`.
    public static let inventoryItems = 50_000
    /// Headers in a `headers` message.
    public static let headers = 2_000
    /// Bytes of a block header.
    public static let headerLength = 160
    /// Hashes of a block locator.
    static let locatorHashes = 101
    /// Entries of `addr`.
    public static let addresses = 1_000
    /// Bytes of an address of a network that is not known (BIP-155).
    static let addressBytes = 512
    /// Bytes of a block.
    public static let blockBytes = 4_000_000
    /// Bytes of a transaction.
    static let transactionBytes = 4_000_000
    /// Bytes of a transaction that may come without being asked for.
    static let unrequestedTransactionBytes = 100_000
    /// Bytes of a payload before the handshake is done.
    static let handshakePayload = 65_536
    /// Bytes of a user agent.
    static let userAgentBytes = 256
    /// Bytes of a piece of a model or a corpus, which is one leaf of its Merkle tree.
    static let pieceBytes = 65_536
    /// Hashes of a Merkle proof.
    static let proofHashes = 64
    /// Pieces asked for in one message.
    static let pieceRequests = 64
    /// Blocks that may be asked of one peer at a time.
    static let blocksInFlight = 16

    /// Longest payload in bytes of a message with this command.
    static func maximumPayload(of command: String) -> Int {
        switch MessageCommand(rawValue: command) {
        case .version: 4 + 8 + 8 + 32 + 8 + 3 + userAgentBytes + 4 + 1
        case .verack, .getaddr, .sendheaders, .mempool: 0
        case .ping, .pong, .feefilter: 8
        case .addr: 3 + addresses * (4 + 9 + 1 + 3 + addressBytes + 2)
        case .inv, .getdata, .notfound: 3 + inventoryItems * InventoryItem.encodedLength
        case .getheaders: 4 + 1 + locatorHashes * 32 + 32
        case .headers: 3 + headers * headerLength
        case .block: blockBytes
        case .tx: transactionBytes
        case .getmodel, .getcorpus: 32 + 1 + pieceRequests * 8
        case .model, .corpus: 32 + 8 + 8 + 5 + pieceBytes + 1 + proofHashes * 32
        case nil: unknownPayload
        }
    }
}
