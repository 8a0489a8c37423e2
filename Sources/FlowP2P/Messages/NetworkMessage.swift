/// Everything that two nodes can say to each other. Blocks, transactions and headers are bytes here: only their size is
/// checked, since what they mean is the business of others.
public enum NetworkMessage: Equatable, Sendable {
    case version(VersionMessage)
    /// The version was accepted.
    case verack
    /// Asks for a `pong` with the same number.
    case ping(UInt64)
    case pong(UInt64)
    /// Asks for addresses of other nodes.
    case getaddr
    /// At most 1,000 addresses.
    case addr([PeerAddress])
    /// Announces up to 50,000 things that the sender has.
    case inv([InventoryItem])
    /// Asks for up to 50,000 things.
    case getdata([InventoryItem])
    /// The things of a `getdata` that the sender does not have.
    case notfound([InventoryItem])
    case getheaders(HeaderRequest)
    /// At most 2,000 headers of 160 bytes, each the child of the one before it.
    case headers([[UInt8]])
    /// Asks for new blocks to be announced with `headers` rather than `inv`.
    case sendheaders
    /// One block, at most 4,000,000 bytes.
    case block([UInt8])
    /// One transaction with its witnesses.
    case tx([UInt8])
    /// Asks for an `inv` of the transactions that wait for a block.
    case mempool
    /// Asks that no transaction paying less than this many haruki per 1,000 units of cost be announced.
    case feefilter(UInt64)
    /// Asks for leaves of a model's weights.
    case getmodel(PieceRequest)
    case model(Piece)
    /// Asks for pieces of the corpus.
    case getcorpus(PieceRequest)
    case corpus(Piece)

    public var command: MessageCommand {
        switch self {
        case .version: .version
        case .verack: .verack
        case .ping: .ping
        case .pong: .pong
        case .getaddr: .getaddr
        case .addr: .addr
        case .inv: .inv
        case .getdata: .getdata
        case .notfound: .notfound
        case .getheaders: .getheaders
        case .headers: .headers
        case .sendheaders: .sendheaders
        case .block: .block
        case .tx: .tx
        case .mempool: .mempool
        case .feefilter: .feefilter
        case .getmodel: .getmodel
        case .model: .model
        case .getcorpus: .getcorpus
        case .corpus: .corpus
        }
    }
}
