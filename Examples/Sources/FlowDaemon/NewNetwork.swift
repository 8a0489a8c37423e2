public import ArgumentParser
import FlowConsensus
import FlowCrypto
import FlowModel
import FlowNode
import FlowTensor
import FlowTraining
public import Foundation
import ProgramSupport

/// `flowcoind newnetwork NAME -dataset=DIR`: writes the file that makes a network of one's own.
public struct NewNetwork: AsyncParsableCommand {
    /// Whose model, steps and rates the network takes over; their rates fit their sizes.
    enum Size: String, CaseIterable, ExpressibleByArgument {
        case tiny, small, mainnet

        var base: ChainParameters {
            switch self {
            case .tiny: .regtest
            case .small: .testnet
            case .mainnet: .mainnet
            }
        }
    }

    public static let configuration = CommandConfiguration(
        commandName: "newnetwork", abstract: "Writes the parameters of a network of your own.", usage: "flowcoind newnetwork NAME -dataset=DIR [options]",
        discussion: "The file, the texts and the address of one node are all that another person needs to join.")

    @Argument(help: "Its name: a to z, 0 to 9 and -.")
    var name: String

    @Option(name: .customLong("dataset", withSingleDash: true), help: ArgumentHelp("Directory of the .txt files that it trains on.", valueName: "dir"))
    var dataset: String

    @Option(name: .customLong("size", withSingleDash: true), help: ArgumentHelp("Its model: \(Size.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "size"))
    var size = Size.tiny

    @Option(name: .customLong("interval", withSingleDash: true), help: ArgumentHelp("Seconds between blocks.", valueName: "s"))
    var interval: UInt32 = 600

    @Option(name: .customLong("prefix", withSingleDash: true), help: ArgumentHelp("What its addresses begin with (default: letters of the name).", valueName: "letters"))
    var prefix: String?

    @Option(name: .customLong("port", withSingleDash: true), help: ArgumentHelp("Port for peers (default: drawn from the name).", valueName: "port"))
    var port: UInt16?

    @Option(name: .customLong("rpcport", withSingleDash: true), help: ArgumentHelp("Port of the JSON-RPC server (default: the next).", valueName: "port"))
    var rpcPort: UInt16?

    @Option(name: .customLong("message", withSingleDash: true), help: ArgumentHelp("What its genesis block says, such as a headline of the day.", valueName: "text"))
    var message: String?

    @Option(
        name: .customLong("amendments", withSingleDash: true),
        help: ArgumentHelp("JSON file with the list of amendments that its nodes follow (Documentation/Protocol/Amendments.md).", valueName: "file"))
    var amendments: String?

    @Option(name: .customLong("output", withSingleDash: true), help: ArgumentHelp("Where to write it (default: NAME.json).", valueName: "file"))
    var output: String?

    public init() {}

    public func run() async throws {
        let path = output ?? "\(name).json"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ProgramError("\(path) is there already: whoever has it would part from your new network. Remove it, or give another -output.")
        }
        let texts = dataset
        let corpus = try CheckedCorpus { () throws(CorpusError) in try DirectoryCorpus(path: texts) }
        var parameters = size.base.with(corpusRoot: corpus.tree.root, length: corpus.length)
        parameters.name = name
        parameters.growth = []
        parameters.retargets = true
        parameters.blockInterval = interval
        // Where the target moves, first steps are no tickets.
        parameters.training.firstPayingStep = max(2, parameters.training.firstPayingStep)
        parameters.genesisTime = UInt64(Date().timeIntervalSince1970)
        parameters.genesisMessage = message ?? name
        parameters.training.initialisationSeed = parameters.genesisTime
        let mark = Keccak256.hash(Array("\(name) \(corpus.tree.root) \(parameters.genesisTime)".utf8)).bytes
        parameters.magic = mark.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        parameters.addressPrefix = try addressPrefix()
        parameters.p2pPort = port ?? 20_000 + 2 * (UInt16(mark[4]) << 4 | UInt16(mark[5]) >> 4)
        parameters.rpcPort = rpcPort ?? (parameters.p2pPort == .max ? 1 : parameters.p2pPort + 1)
        parameters.amendments = try readAmendments()
        try check(parameters)

        let pool = ThreadPool(threads: ProcessInfo.processInfo.activeProcessorCount)
        let configuration = try ModelConfiguration(parameters)
        let weights = ModelState(initialising: configuration, seed: parameters.training.initialisationSeed, pool: pool)
        parameters.genesisModelRoot = weights.root(pool: pool)
        let replay = try replaySeconds(parameters, weights, corpus, pool)
        // Others' machines are slower, and this one may have been busy.
        let two = UInt32(min(86_400, max(2, (2 * replay).rounded(.up))))
        parameters.replayBudget = ReplayBudget(sixteenCoreSeconds: max(1, two * 2 / 5), twoCoreSeconds: two)
        try check(parameters)

        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(parameters).write(to: URL(fileURLWithPath: path), options: .atomic)
        print(explanation(parameters, path: path, replay: replay, threads: pool.threads))
    }

    private func addressPrefix() throws -> String {
        let letters = prefix ?? String(name.unicodeScalars.filter { ("a"..."z").contains($0) }.prefix(8).map(Character.init))
        let taken = ChainParameters.all.map(\.addressPrefix)
        guard !taken.contains(letters) else {
            throw ProgramError("'\(letters)' is the prefix of another network's addresses (\(taken.joined(separator: ", "))): give another -prefix, so that nobody pays to the wrong one.")
        }
        guard !letters.isEmpty else { throw ProgramError("The name '\(name)' has no letters for a prefix of addresses: give -prefix.") }
        return letters
    }

    private func readAmendments() throws -> Amendments {
        guard let amendments else { return [] }
        guard let data = FileManager.default.contents(atPath: amendments) else {
            throw ProgramError("The amendments \(amendments) cannot be read: check the path and its permissions.")
        }
        do { return try JSONDecoder().decode(Amendments.self, from: data) } catch {
            throw ProgramError("The amendments \(amendments) are no list of amendments (\(error)): Documentation/Protocol/Amendments.md shows the form.")
        }
    }

    private func check(_ parameters: ChainParameters) throws {
        do throws(ChainParametersError) { try parameters.validated() } catch {
            throw ProgramError("That describes no network: \(error)")
        }
    }

    /// What all steps of a block take on this machine.
    private func replaySeconds(_ parameters: ChainParameters, _ weights: ModelState, _ corpus: CheckedCorpus, _ pool: ThreadPool) throws -> Double {
        let trainer = Trainer(
            configuration: weights.configuration, backend: try BackendChoice.automatic.admission().backend,
            pool: pool)
        let sampler = try BatchSampler(corpus: corpus, contextLength: weights.configuration.contextLength, batchSize: weights.configuration.batchSize)
        let momentum = ModelState(zeros: weights.configuration)
        var fastest = Duration.seconds(86_400)
        for step in 1...3 as ClosedRange<UInt32> {
            let batch = try sampler.batch(workSeed: parameters.genesisHash, step: step)
            let units = parameters.learningRateUnits(at: 1)[0]
            fastest = min(fastest, try ContinuousClock().measure {
                _ = try trainer.digestedStep(weights: weights, momentum: momentum, batch: batch, learningRateUnits: units)
            })
        }
        return Double(parameters.training.stepsPerBlock) * (Double(fastest.components.seconds) + Double(fastest.components.attoseconds) * 1e-18)
    }

    private func explanation(_ parameters: ChainParameters, path: String, replay: Double, threads: Int) -> String {
        let spacing = parameters.leastSpacing ?? 1
        var lines = [
            "\(path) describes the network '\(name)', genesis block \(parameters.genesisHash).",
            "  corpus    \(parameters.corpusLength) bytes, root \(parameters.corpusRoot)",
            "  model     \(size.rawValue): d \(parameters.model.embeddingLength), \(parameters.model.layerCount) layers, \(parameters.model.expertCount) experts; \(parameters.training.stepsPerBlock) steps a block, tickets from step \(parameters.training.firstPayingStep) on",
            "  blocks    each \(parameters.blockInterval) s in the mean, never less than \(spacing) s apart; the target moves every \(parameters.retargetPeriod) blocks",
            "  replay    \(String(format: "%.2f", replay)) s a block on \(threads) threads here, so the budget is \(parameters.replayBudget.twoCoreSeconds) s on two cores",
            "  addresses \(parameters.addressPrefix)1q…, ports \(parameters.p2pPort) (peers) and \(parameters.rpcPort) (RPC), magic \(CompactTarget(bits: parameters.magic))",
            "  amendments \(parameters.amendments.list.isEmpty ? "none" : parameters.amendments.list.map { "at height \($0.height)" }.joined(separator: ", "))",
        ]
        if replay > Double(spacing) {
            lines.append("A replay takes longer than \(spacing) s here: while many mine, such a machine falls behind. A larger -interval or a smaller -size helps.")
        }
        lines.append("Run it:     flowcoind -network=\(path) -dataset=\(dataset) -datadir=DIR")
        lines.append("Who joins:  the same with this file, the same texts and -connect=HOST:\(parameters.p2pPort)")
        return lines.joined(separator: "\n")
    }
}
