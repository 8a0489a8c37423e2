public import FlowConsensus
public import FlowCrypto
public import FlowModel
import FlowNode
public import FlowTensor
public import ProgramSupport

/// What a miner needs before it can train: the corpora with their roots, the model's configuration, a backend.
public struct MinerSetup: Sendable {
    public let parameters: ChainParameters
    public let configuration: ModelConfiguration
    private let corpora: [CheckedCorpus]

    /// - Parameter datasets: directories of text files, one for each corpus of the network and its amendments; none for the embedded
    ///   corpus. On regtest the first replaces the network's corpus.
    /// - Throws: `ProgramError` when none is the network's corpus.
    public init(parameters: ChainParameters, datasets: [String]) throws {
        var corpora = try datasets.map { path in try CheckedCorpus { () throws(CorpusError) in try DirectoryCorpus(path: path) } }
        let isOwn = parameters.name == ChainParameters.regtest.name && !corpora.isEmpty
        self.parameters = isOwn ? parameters.with(corpusRoot: corpora[0].tree.root, length: corpora[0].length) : parameters
        if !isOwn { corpora.append(try CheckedCorpus { () throws(CorpusError) in SyntheticCorpus(length: parameters.corpusLength) }) }
        let named = [self.parameters.corpus(at: 0)] + self.parameters.amendments.list.compactMap(\.corpus)
        for (corpus, path) in zip(corpora, datasets) where !named.contains(where: { $0.root == corpus.tree.root }) {
            throw ProgramError(
                "The corpus in \(path) has root \(corpus.tree.root), the network \(parameters.name) trains on \(named.map { "\($0.root)" }.joined(separator: ", ")): give -dataset the network's own corpus.")
        }
        self.corpora = corpora
        configuration = try ModelConfiguration(self.parameters)
        _ = try corpus(root: self.parameters.corpusRoot)
    }

    /// The corpus with a root.
    /// - Throws: `ProgramError` when it was not given.
    public func corpus(root: Hash256) throws -> CheckedCorpus {
        guard let corpus = corpora.first(where: { $0.tree.root == root }) else {
            throw ProgramError(
                "The network \(parameters.name) trains on the corpus with root \(root), this miner has \(corpora.map { "\($0.tree.root)" }.joined(separator: ", ")): give -dataset the directories that the node was started with.")
        }
        return corpus
    }

    /// Draws the windows of a model from the corpus with a root.
    public func sampler(_ configuration: ModelConfiguration, corpusRoot: Hash256) throws -> BatchSampler {
        try BatchSampler(
            corpus: corpus(root: corpusRoot), contextLength: configuration.contextLength, batchSize: configuration.batchSize)
    }

    /// The backend of that name, once it passed its check.
    ///
    /// - Parameter warn: called with a line for each thing of this machine that was passed over because it failed.
    public static func backend(named name: String, warn: (String) -> Void) throws -> any MatrixBackend {
        do {
            let admission = try BackendSelection.admission(of: name, offering: BackendChoice.offered)
            for fault in admission.passedOver { warn("\(fault); \(admission.backend.name) is used") }
            return admission.backend
        } catch {
            throw ProgramError("\(error)")
        }
    }

    /// One line a backend: available, or why not.
    public static var backendTable: String {
        BackendSelection.list(offering: BackendChoice.offered).map { entry in
            let name = entry.name + String(repeating: " ", count: max(1, 14 - entry.name.count))
            return name + (entry.reason ?? "available")
        }.joined(separator: "\n")
    }
}
