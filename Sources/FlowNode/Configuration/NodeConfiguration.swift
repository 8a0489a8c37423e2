public import FlowConsensus
public import FlowModel
import Foundation

/// All that a node needs to be told.
///
/// ```swift
/// var configuration = NodeConfiguration(parameters: .regtest, dataDirectory: "/tmp/flow")
/// configuration.connect = ["127.0.0.1:29555"]
/// let node = try await Node(configuration)
/// ```
public struct NodeConfiguration: Sendable {
    public var parameters: ChainParameters
    /// Folder for everything the node keeps; it is made when it is missing. One node, one network a folder.
    public var dataDirectory: String
    /// The network's corpus, and those that its amendments name. The embedded one is always there.
    public var corpora: [CorpusChoice] = [.embedded]
    public var backend: BackendChoice = .automatic
    /// Threads for training and hashing.
    public var threads: Int = max(1, ProcessInfo.processInfo.activeProcessorCount)
    /// False keeps the node from listening; it may still connect.
    public var listens = true
    /// Address to listen on.
    public var listenHost = "0.0.0.0"
    /// Port to listen on; nil for the network's own, 0 for any free one.
    public var listenPort: UInt16?
    /// Peers to keep a connection to, as `host:port` or `host`. Where there are any, no others are looked for.
    public var connect: [String] = []
    /// True when a first corpus with another root makes another network (with a genesis block of its own) instead of
    /// an error. Regtest does.
    public var replacesCorpus: Bool
    /// How `model.gguf` in the data directory is stored, which is kept the model of the tip; nil keeps no such file.
    public var modelFile: ExportFormat?
    /// Most bytes of transactions in the mempool.
    public var mempoolBytes = 300_000_000
    /// Seconds after which a transaction that no block took leaves the mempool: two weeks.
    public var mempoolExpiry: UInt64 = 14 * 24 * 3600
    /// Whether what waits in the mempool outlives the process.
    public var keepsMempool = true
    /// Whether it is written down which block holds which transaction.
    public var indexesTransactions = false
    /// Bytes of memory for the database: a quarter for changes that are not sorted yet, the rest for what was read.
    public var databaseCacheBytes = 64 << 20
    /// Connections to peers at most, those that others began included.
    public var maximumConnections = 125
    /// The present, in seconds since 1970.
    public var clock: @Sendable () -> UInt64 = { UInt64(max(0, Date().timeIntervalSince1970)) }
    /// Sets what ``clock`` says, in seconds since 1970, 0 for the true time again; nil where nobody may.
    public var setClock: (@Sendable (UInt64) -> Void)?
    /// Called when somebody asks for the node's end over JSON-RPC.
    public var onStop: @Sendable () -> Void = {}
    /// Called with the part of the corpus that is hashed, 0 … 1, and with steps of a longer start.
    public var progress: @Sendable (_ what: String, _ fraction: Double) -> Void = { _, _ in }

    public static let version = "0.1.0"
    /// What a node calls itself to peers.
    public static let userAgent = "/FlowCoin:\(version)/"

    public init(parameters: ChainParameters, dataDirectory: String) {
        self.parameters = parameters
        self.dataDirectory = dataDirectory
        replacesCorpus = parameters.name == ChainParameters.regtest.name
    }
}
