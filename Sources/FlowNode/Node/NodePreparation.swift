import FlowConsensus
import FlowCrypto
import FlowModel
import FlowP2P
import FlowStore
import FlowTensor
import Foundation
import Logging

/// The parts of a node that are made before it runs.
struct PreparedNode: Sendable {
    let parameters: ChainParameters
    let lock: DirectoryLock
    let store: KeyValueStore
    let environment: TrainingEnvironment
    let peers: [PeerEndpoint]
}

/// Checks a configuration and opens what it names. Blocks.
struct NodePreparation {
    private let configuration: NodeConfiguration
    private let log = Logger(label: "flowcoin.backend")

    init(_ configuration: NodeConfiguration) { self.configuration = configuration }

    func prepare() throws(NodeError) -> PreparedNode {
        try checkConfiguration()
        let peers = try places()
        let lock = try takeDirectory()
        let (corpus, parameters) = try openCorpus()
        let admission = try configuration.backend.admission()
        for fault in admission.passedOver { log.warning("\(fault); \(admission.backend.name) is used") }
        let environment = try TrainingEnvironment(
            parameters: parameters, corpus: corpus, backend: admission.backend,
            pool: ThreadPool(threads: max(1, configuration.threads)))
        return PreparedNode(parameters: parameters, lock: lock, store: try openStore(), environment: environment, peers: peers)
    }

    private func checkConfiguration() throws(NodeError) {
        do { try configuration.parameters.validated() } catch {
            throw NodeError(.configuration, "the network \(configuration.parameters.name) cannot be used", cause: error)
        }
        if let address = configuration.miningAddress {
            do { _ = try Address(address, prefix: configuration.parameters.addressPrefix) } catch {
                throw NodeError(.configuration, "the mining address \(address) is no address of the network \(configuration.parameters.name)", cause: error)
            }
        }
    }

    private func places() throws(NodeError) -> [PeerEndpoint] {
        var places: [PeerEndpoint] = []
        for text in configuration.connect {
            guard let place = PeerEndpoint(text, defaultPort: configuration.parameters.p2pPort) else {
                throw NodeError(.configuration, "\"\(text)\" is no place to connect to; give host or host:port")
            }
            places.append(place)
        }
        return places
    }

    private func takeDirectory() throws(NodeError) -> DirectoryLock {
        do {
            try FileManager.default.createDirectory(atPath: configuration.dataDirectory, withIntermediateDirectories: true)
        } catch {
            throw NodeError(.storeFailed, "the data directory \(configuration.dataDirectory) cannot be made; choose another with -datadir", cause: error)
        }
        do { return try DirectoryLock(directory: configuration.dataDirectory) } catch { throw NodeError(store: error) }
    }

    private func openStore() throws(NodeError) -> KeyValueStore {
        do {
            return try KeyValueStore(
                path: configuration.dataDirectory + "/chain", createIfMissing: true, options: StoreOptions(identity: "flowcoin/chain"))
        } catch {
            throw NodeError(store: error)
        }
    }

    // MARK: corpus

    private func openCorpus() throws(NodeError) -> (any Corpus, ChainParameters) {
        let parameters = configuration.parameters
        let corpus: any Corpus
        let name: String
        switch configuration.corpus {
        case .embedded:
            corpus = SyntheticCorpus(length: parameters.corpusLength)
            name = "the embedded corpus"
        case .directory(let path):
            do { corpus = try DirectoryCorpus(path: path) } catch { throw NodeError(.corpusMissing, "\(error)") }
            name = "the corpus in \(path)"
        }
        let tree: CorpusTree
        do throws(CorpusError) {
            tree = try corpus.blockingTree(progress: { configuration.progress("hashing the corpus", $0.fraction) })
        } catch {
            throw NodeError(.corpusMissing, "\(error)")
        }
        if tree.root == parameters.corpusRoot, tree.length == parameters.corpusLength { return (corpus, parameters) }
        guard configuration.replacesCorpus else {
            throw NodeError(
                .corpusMismatch,
                "\(name) has root \(tree.root) and \(tree.length) bytes, the network \(parameters.name) trains on the corpus with root \(parameters.corpusRoot) and \(parameters.corpusLength) bytes; give -dataset the network's own corpus, or use -regtest for a network of your own")
        }
        let replaced = parameters.with(corpusRoot: tree.root, length: tree.length)
        do { try replaced.validated() } catch {
            throw NodeError(.corpusMismatch, "\(name) cannot be trained on", cause: error)
        }
        return (corpus, replaced)
    }
}
