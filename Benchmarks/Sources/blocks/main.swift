import FlowConsensus
import FlowCrypto
import FlowModel
import FlowNode
import FlowTensor
import Foundation

/// Trains a network's model block by block from its first weights, as a chain does, and prints the held-out loss: with each block's
/// result taken from the end of its trajectory (Training.md) or, for comparison, from its ticket.
struct Options {
    static let usage = """
        usage: blocks [--network NAME] [--text DIRECTORY] [--until end|ticket] [--blocks N] [--every N] [--threads N]
          --network NAME     whose model, steps and rates (regtest)
          --text DIRECTORY   .txt files; the embedded corpus without it
          --until WHERE      where a block's result is taken: end of the trajectory, or its ticket (end)
          --blocks N         (100)
          --every N          blocks between two lines (10)
          --threads N        (2)
        """

    var network = "regtest", text: String?, untilTicket = false, blocks = 100, every = 10, threads = 2

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            guard let value = rest.popFirst() else { throw UsageError() }
            switch (option, Int(value)) {
            case ("--network", _): network = value
            case ("--text", _): text = value
            case ("--until", _) where ["end", "ticket"].contains(value): untilTicket = value == "ticket"
            case ("--blocks", let number?) where number > 0: blocks = number
            case ("--every", let number?) where number > 0: every = number
            case ("--threads", let number?) where number > 0: threads = number
            default: throw UsageError()
            }
        }
    }
}

struct UsageError: Error, CustomStringConvertible {
    var description: String { Options.usage }
}

/// One seed for everything: nonces stand for headers, and a ticket's step is as likely as another, as on a chain whose tickets rarely win.
func run(_ options: Options) throws {
    guard let parameters = ChainParameters.all.first(where: { $0.name == options.network }) else { throw UsageError() }
    let corpus: any Corpus = if let text = options.text { try DirectoryCorpus(path: text) } else { SyntheticCorpus(length: parameters.corpusLength) }
    let pool = ThreadPool(threads: options.threads)
    let configuration = try ModelConfiguration(parameters)
    let sampler = try BatchSampler(corpus: corpus, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
    let trainer = Trainer(configuration: configuration, backend: try BackendSelection.admission(of: "automatic").backend, pool: pool)
    let heldOut = try sampler.heldOutBatch()
    let training = parameters.training
    let driver = TrajectoryDriver()
    var weights = ModelState(initialising: configuration, seed: training.initialisationSeed, pool: pool)
    var taken: UInt64 = 0
    print("# \(parameters.name), \(options.text ?? "embedded corpus"), results at the \(options.untilTicket ? "ticket" : "trajectory's end")")
    print("block\tsteps\theldout\tzero rows\tseconds a step")
    print("0\t0\t\(try trainer.loss(weights: weights, batch: heldOut))")
    for block in 1...options.blocks {
        let seed = Keccak256.hash(Array("flowcoin/blocks \(block)".utf8))
        let choices = training.stepsPerBlock - training.firstPayingStep + 1
        let ticket = training.firstPayingStep + UInt32(seed.bytes[0]) % choices
        let job = TrajectoryJob(
            parent: weights, modelRoot: .zero, workSeed: seed, stepsPerBlock: Int(training.stepsPerBlock),
            firstPayingStep: Int(training.firstPayingStep),
            learningRateUnits: (0..<UInt64(training.stepsPerBlock)).map {
                training.learningRateUnits(height: BlockHeight(block), stepsBefore: taken + $0)
            }, sampler: sampler)
        let trajectory = driver.begin(job, trainer: trainer)
        var share = 0.0
        let began = ContinuousClock.now
        _ = try driver.run(trajectory) { step in
            share = step.report.zeroRowShare
            return !options.untilTicket || step.index < Int(ticket)
        }
        let spent = began.duration(to: .now) / trajectory.completedSteps
        taken += UInt64(trajectory.completedSteps)
        weights = trajectory.weights.copy()
        driver.reuse(trajectory)
        guard block % options.every == 0 else { continue }
        let seconds = Double(spent.components.seconds) + Double(spent.components.attoseconds) * 1e-18
        print("\(block)\t\(taken)\t\(try trainer.loss(weights: weights, batch: heldOut))\t\(share)\t\(seconds)")
        fflush(nil)
    }
}

do { try run(Options(Array(CommandLine.arguments.dropFirst()))) } catch {
    FileHandle.standardError.write(Data("blocks: \(error)\n".utf8))
    exit(1)
}
