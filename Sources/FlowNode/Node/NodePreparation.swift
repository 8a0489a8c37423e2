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
        let (corpora, parameters) = try openCorpora()
        let admission = try configuration.backend.admission()
        for fault in admission.passedOver { log.warning("\(fault); \(admission.backend.name) is used") }
        let environment = try TrainingEnvironment(
            parameters: parameters, corpora: corpora, backend: admission.backend,
            pool: ThreadPool(threads: max(1, configuration.threads)))
        return PreparedNode(parameters: parameters, lock: lock, store: try openStore(), environment: environment, peers: peers)
    }

    private func checkConfiguration() throws(NodeError) {
        do { try configuration.parameters.validated() } catch {
            throw NodeError(.configuration, "the network \(configuration.parameters.name) cannot be used", cause: error)
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
        var options = StoreOptions(identity: "flowcoin/chain")
        options.writeBufferBytes = max(1 << 20, configuration.databaseCacheBytes / 4)
        options.cacheBytes = max(1 << 20, configuration.databaseCacheBytes / 4 * 3)
        do {
            return try KeyValueStore(path: configuration.dataDirectory + "/chain", createIfMissing: true, options: options)
        } catch {
            throw NodeError(store: error)
        }
    }

    // MARK: corpus

    /// The corpora that the node was given, and the parameters, which on a network of one's own name the first of them.
    private func openCorpora() throws(NodeError) -> ([CheckedCorpus], ChainParameters) {
        var parameters = configuration.parameters
        var corpora: [CheckedCorpus] = []
        for choice in configuration.corpora { corpora.append(try open(choice)) }
        if let first = corpora.first, configuration.replacesCorpus,
            first.tree.root != parameters.corpusRoot || first.length != parameters.corpusLength {
            parameters = parameters.with(corpusRoot: first.tree.root, length: first.length)
            do { try parameters.validated() } catch {
                throw NodeError(.corpusMismatch, "\(first.place(of: 0)) and what belongs to it cannot be trained on", cause: error)
            }
        }
        let named = [parameters.corpus(at: 0)] + parameters.amendments.list.compactMap(\.corpus)
        for (corpus, choice) in zip(corpora, configuration.corpora) where choice != .embedded {
            guard !named.contains(CorpusReference(length: corpus.length, root: corpus.tree.root)) else { continue }
            let names = named.map { "\($0.root) (\($0.length) bytes)" }.joined(separator: ", ")
            throw NodeError(
                .corpusMismatch,
                "\(choice.name) has root \(corpus.tree.root) and \(corpus.length) bytes, the network \(parameters.name) trains on \(names); give -dataset the network's own corpus, or use -regtest for a network of your own")
        }
        let isNeeded = !corpora.contains { $0.tree.root == parameters.corpusRoot }
        if isNeeded, !configuration.corpora.contains(.embedded) { corpora.append(try open(.embedded)) }
        return (corpora, parameters)
    }

    private func open(_ choice: CorpusChoice) throws(NodeError) -> CheckedCorpus {
        let length = configuration.parameters.corpusLength
        do throws(CorpusError) {
            return try CheckedCorpus(progress: { configuration.progress("hashing the corpus", $0.fraction) }) { () throws(CorpusError) in
                switch choice {
                case .embedded: SyntheticCorpus(length: length)
                case .directory(let path): try DirectoryCorpus(path: path)
                }
            }
        } catch {
            throw NodeError(.corpusMissing, "\(error)")
        }
    }
}
