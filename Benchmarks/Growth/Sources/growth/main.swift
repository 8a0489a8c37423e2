import FlowModel
import Foundation

// growth CORPUS-FOLDER STEPS-BEFORE STEPS-AFTER [LEARNING-RATE-UNITS]
// Trains regtest's model, grows it in each way, and trains all of them on with the same text: the table of Numerics.md.
let arguments = CommandLine.arguments
guard arguments.count >= 4, let before = Int(arguments[2]), let after = Int(arguments[3]),
    let units = UInt32(arguments.count > 4 ? arguments[4] : "2048"), before % 80 == 0, after % 80 == 0, after > 0
else {
    print("usage: growth CORPUS-FOLDER STEPS-BEFORE STEPS-AFTER [LEARNING-RATE-UNITS]; both numbers of steps multiples of 80")
    exit(2)
}

func shape(d: UInt32 = 64, layers: UInt32 = 2, experts: UInt32 = 8, width: UInt32 = 128) throws -> ModelConfiguration {
    try ModelConfiguration(
        ModelShape(
            embeddingLength: d, layerCount: layers, headCount: d / 32, expertCount: experts, expertWidth: width,
            contextLength: 64, batchSize: 32))
}

/// Writes a line at once, so that a long run can be followed.
func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
func nats(_ loss: Double) -> String { String(format: "%.4f", loss) }

let corpus = try DirectoryCorpus(path: arguments[1])
let base = try Experiment(try shape(), corpus: corpus)
let start = ModelState(initialising: base.configuration, seed: 1_774_051_200)
let weights = try base.train(start, from: 0, steps: before, units: units, warmup: 8, interval: 80) { say("step \($0) \(nats($1))") }
let loss = try base.heldOutLoss(weights)

for (name, configuration) in [
    ("not grown", try shape()), ("more experts", try shape(experts: 16)), ("wider experts", try shape(width: 256)),
    ("more layers", try shape(layers: 4)), ("wider embedding", try shape(d: 128)),
    ("layers and experts", try shape(layers: 4, experts: 16)),
    ("embedding, width, experts", try shape(d: 128, experts: 16, width: 256)),
] {
    let experiment = try Experiment(configuration, corpus: corpus)
    let grown = try ModelGrowth(from: base.configuration, to: configuration).grown(weights)
    let moved = try experiment.heldOutLoss(grown) - loss
    say("\(name): \(configuration.parameterCount) weights, at growth \(String(format: "%+.7f", moved))")
    let clock = ContinuousClock.now
    _ = try experiment.train(grown, from: before, steps: after, units: units, warmup: 8, interval: 80) {
        say("\(name): step \($0) \(nats($1))")
    }
    say("\(name): \((ContinuousClock.now - clock) / after) a step")
}
