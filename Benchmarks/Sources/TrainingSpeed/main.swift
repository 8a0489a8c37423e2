import FlowCrypto
import FlowModel
import FlowTensor
import FlowTensorOpenBLAS
import Foundation

// Steps of one model shape, digest included, and a replay of the same steps; one JSON line. Comparisons/compare_training.py runs it beside PyTorch.
//
//     training-speed --embedding 128 --layers 4 --heads 4 --experts 16 --width 256 --context 128 --batch 8 --threads 1

var options: [String: Int] = [
    "embedding": 128, "layers": 4, "heads": 4, "experts": 16, "width": 256, "context": 128, "batch": 8, "threads": 1, "steps": 7,
    "warmup": 3, "replay": 1, "undigested": 1,
]
var backendName = "automatic"
var arguments = CommandLine.arguments.dropFirst()
while let name = arguments.popFirst() {
    let value = arguments.popFirst() ?? ""
    if name == "--backend" {
        backendName = value
    } else if let number = Int(value), name.hasPrefix("--"), options[String(name.dropFirst(2))] != nil {
        options[String(name.dropFirst(2))] = number
    } else {
        let known = options.keys.sorted().map { "--\($0) NUMBER" }.joined(separator: ", ")
        FileHandle.standardError.write(Data("expected \(known) or --backend NAME, found \(name) \(value)\n".utf8))
        exit(2)
    }
}

func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

/// Wall-clock and processor seconds of `body`.
func measure(_ body: () throws -> Void) rethrows -> (wall: Double, processor: Double) {
    let processor = processorSeconds()
    let wall = try ContinuousClock().measure(body)
    return (Double(wall.components.seconds) + Double(wall.components.attoseconds) * 1e-18, processorSeconds() - processor)
}

func median(_ numbers: [Double]) -> Double { numbers.sorted()[numbers.count / 2] }

@MainActor func size(_ name: String) -> UInt32 { UInt32(clamping: options[name]!) }
let configuration = try ModelConfiguration(
    ModelShape(
        embeddingLength: size("embedding"), layerCount: size("layers"), headCount: size("heads"), expertCount: size("experts"),
        expertWidth: size("width"), contextLength: size("context"), batchSize: size("batch")))
let backend = try BackendSelection.admission(of: backendName, offering: [OpenBLASBackend()]).backend
let pool = ThreadPool(threads: options["threads"]!)
let trainer = Trainer(configuration: configuration, backend: backend, pool: pool)
let sampler = try BatchSampler(
    corpus: SyntheticCorpus.regtest, contextLength: configuration.contextLength, batchSize: configuration.batchSize)
let workSeed = Keccak256.hash([1])
let warmup = options["warmup"]!, steps = warmup + options["steps"]!

// What a miner does for a step: batch, training, digest. The weights exist once, as the momentum does, and only for as long as this takes.
var walls: [Double] = [], processors: [Double] = [], withoutDigest: [Double] = [], loss = 0.0, initialisation = 0.0
// The digest of momentum that is read again, which is more than it costs in a step.
var digestAlone: [Double] = []
var chain = DigestChain(modelRoot: .zero, workSeed: workSeed)
@MainActor func takeSteps(digesting: Bool) throws {
    var weights: ModelState!
    initialisation = measure { weights = ModelState(initialising: configuration, seed: 1, pool: pool) }.wall
    let momentum = ModelState(zeros: configuration)
    for step in 1...steps {
        let time = try measure {
            let batch = try sampler.batch(workSeed: workSeed, step: UInt32(step))
            if digesting {
                let (report, digest) = try trainer.digestedStep(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
                loss = report.loss
                chain.append(digest)
            } else {
                _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
            }
        }
        if digesting { walls.append(time.wall) }
        if digesting { processors.append(time.processor) } else { withoutDigest.append(time.processor) }
    }
    if digesting { digestAlone = (0..<3).map { _ in measure { _ = MomentumDigest.digest(momentum, pool: pool) }.processor } }
}
// The same steps without digests before and behind: what they take less is the digests' share. `--undigested 0` leaves that out.
let comparing = options["undigested"]! > 0
if comparing { try takeSteps(digesting: false) }
try takeSteps(digesting: true)
if comparing { try takeSteps(digesting: false) }

// Both warm and both from the parent, which is kept: what a miner does for a block, and what a verifier does for it, the new weights' root
// included. What this takes of memory is what a node needs.
var mining = 0.0, replay = 0.0
if options["replay"]! > 0 {
    let job = TrajectoryJob(
        parent: ModelState(initialising: configuration, seed: 1, pool: pool), modelRoot: .zero, workSeed: workSeed,
        stepsPerBlock: steps, firstPayingStep: 1, learningRateUnits: Array(repeating: 1_024, count: steps), sampler: sampler)
    let trajectory = Trajectory(job, trainer: trainer)
    func run() throws {
        trajectory.restart(job)
        while !trajectory.isFinished { _ = try trajectory.advance() }
        guard trajectory.deltaHash == chain.current else { fatalError("the replay gave other bits") }
    }
    try run()
    mining = try measure(run).processor
    replay = try measure {
        try run()
        _ = trajectory.weights.root(pool: pool)
    }.processor
}
var usage = rusage()
getrusage(0, &usage)
let tokens = Double(configuration.tokensPerBatch)
let measured = Array(walls.dropFirst(warmup)), used = Array(processors.dropFirst(warmup))
let digestShare =
    comparing ? median((warmup..<steps).map { 1 - (withoutDigest[$0] + withoutDigest[steps + $0]) / (2 * processors[$0]) }) : 0
let result: [String: Any] = [
    "program": "FlowModel, \(backend.name)", "threads": pool.threads, "parameters": configuration.parameterCount,
    "tokens": configuration.tokensPerBatch, "tokens_per_second": tokens / median(measured),
    "tokens_per_processor_second": tokens / median(used), "seconds": measured, "processor_seconds": Array(used), "digest_alone_processor_seconds": digestAlone, "digest_share": digestShare,
    "replay_over_mining": mining > 0 ? replay / mining : 0, "initialisation_seconds": initialisation,
    "peak_mebibytes": Double(usage.ru_maxrss) / 1_024, "loss": loss, "delta_hash": "\(chain.current)",
]
print(String(decoding: try JSONSerialization.data(withJSONObject: result, options: [.sortedKeys]), as: UTF8.self))
