public import FlowConsensus
import FlowCrypto
import FlowModel
public import FlowP2P
public import FlowRPC
import FlowStore
import Foundation

/// A whole node: chain, peers, miner, JSON-RPC. It is put together from a configuration, runs until `stop`, and leaves a
/// data directory that it can be started from again, however it ended.
public final class Node: Sendable {
    public let configuration: NodeConfiguration
    /// The network's parameters; on a network that replaces its corpus, with the corpus that is used.
    public let parameters: ChainParameters
    public let chain: ChainService
    public let network: PeerNetwork
    public let miner: MiningLoop
    /// Methods for everything that the node can do; others may be registered.
    public let rpc: RPCRouter
    /// Port on which peers are awaited; nil when the node does not listen.
    public let listeningPort: UInt16?
    let sync: PeerSync
    private let modelFile: ModelFileKeeper?
    private let lock: DirectoryLock
    private let store: KeyValueStore
    private let startedAt: UInt64
    private let remembering: Task<Void, Never>

    /// Starts a node: takes the directory, checks the corpus, opens the chain, listens and connects.
    /// - Throws: `NodeError`, with a message that names the thing and the way out
    public init(_ configuration: NodeConfiguration) async throws {
        self.configuration = configuration
        let loading = BlockingThread(name: "flowcoin.start")
        let prepared = try await loading.run { try NodePreparation(configuration).prepare() }
        parameters = prepared.parameters
        lock = prepared.lock
        store = prepared.store
        startedAt = configuration.clock()
        var policy = MempoolPolicy()
        policy.maximumBytes = configuration.mempoolBytes
        policy.expirySeconds = configuration.mempoolExpiry
        let chain = try await ChainService.open(
            store: prepared.store, environment: prepared.environment, policy: policy,
            mark: DurableFile(path: "\(configuration.dataDirectory)/\(TipMark.fileName)"), keepsMempool: configuration.keepsMempool,
            indexesTransactions: configuration.indexesTransactions, clock: configuration.clock)
        self.chain = chain
        let connection = ConnectionParameters(
            genesisHash: chain.genesisHash, services: [.blocks], userAgent: NodeConfiguration.userAgent, nonce: .random(in: 0 ... .max))
        let memory = PeerMemory(store: prepared.store)
        var peers = PeerNetworkConfiguration(magic: parameters.magic, connection: connection)
        peers.addressBook = memory.addressBook
        peers.bans = memory.bans
        peers.banChanged = { memory.write(ban: $0, until: $1) }
        peers.automaticOutbound = min(peers.automaticOutbound, max(0, configuration.maximumConnections))
        peers.maximumInbound = max(0, configuration.maximumConnections - peers.automaticOutbound)
        // Whoever names his peers wants those and no others, as with bitcoind's -connect.
        if !configuration.connect.isEmpty { peers.automaticOutbound = 0 }
        let network = PeerNetwork(configuration: peers)
        self.network = network
        sync = PeerSync(chain: chain, network: network)
        miner = MiningLoop(chain: chain)
        let rpc: RPCRouter
        do {
            rpc = try RPCRouter(.flowcoin, version: NodeConfiguration.version)
        } catch {
            throw NodeError(.configuration, "\(error)")
        }
        self.rpc = rpc
        modelFile = configuration.modelFile.map {
            ModelFileKeeper(chain: chain, directory: configuration.dataDirectory, format: $0)
        }
        do throws(PeerNetworkError) {
            listeningPort = configuration.listens
                ? try await network.listen(host: configuration.listenHost, port: configuration.listenPort ?? parameters.p2pPort) : nil
        } catch {
            await network.stop()
            await chain.stop()
            let code: NodeError.Code = if case .portInUse = error { .portInUse } else { .network }
            throw NodeError(code, "\(error)")
        }
        remembering = Task { await memory.keep(network) }
        await sync.start()
        for place in prepared.peers { network.connect(host: place.host, port: place.port) }
        await modelFile?.start()
        do {
            try rpc.serve(
                NodeMethods(
                    configuration: configuration, parameters: parameters, chain: chain, network: network, miner: miner,
                    modelFile: modelFile, startedAt: startedAt
                ).all)
        } catch {
            await stop()
            throw NodeError(.configuration, "\(error)")
        }
    }

    /// Ends peers, replays and mining and lets go of the directory. What is connected is stored.
    public func stop() async {
        await sync.stop()
        remembering.cancel()
        await remembering.value
        await modelFile?.stop()
        await chain.stop()
        store.close()
        lock.release()
    }

    /// What happens, from now on.
    public func events() -> AsyncStream<NodeEvent> { chain.events() }
}
