import Benchmark
import Contest
import FlowModel

let benchmarks: @Sendable () -> Void = {
    func shape(
        _ d: UInt32, _ layers: UInt32, _ heads: UInt32, _ experts: UInt32, _ width: UInt32, context: UInt32, batch: UInt32
    ) throws -> ModelConfiguration {
        try ModelConfiguration(
            ModelShape(
                embeddingLength: d, layerCount: layers, headCount: heads, expertCount: experts, expertWidth: width,
                contextLength: context, batchSize: batch))
    }
    func step(_ subject: String, runs: Int, backends: [String], _ configuration: @escaping () throws -> ModelConfiguration) {
        let contest = Contest(subject, runs: runs)
        for name in backends {
            for threads in name == Backends.best ? [1, 2] : [1] {
                contest.add("\(name), \(threads) thread\(threads == 1 ? "" : "s")") {
                    let bench = try StepBench(try configuration(), backend: name, threads: threads)
                    return { try bench.step() }
                }
            }
        }
    }

    let testnet = { try shape(128, 4, 4, 16, 256, context: 128, batch: 32) }
    step("2,048 tokens, a step of regtest", runs: 15, backends: Backends.names) {
        try shape(64, 2, 2, 8, 128, context: 64, batch: 32)
    }
    step("4,096 tokens, a step of testnet", runs: 7, backends: Backends.names, testnet)
    step("1,024 tokens, a step of d 256, 64 experts of width 512", runs: 5, backends: [Backends.best]) {
        try shape(256, 4, 8, 64, 512, context: 128, batch: 8)
    }

    let digest = Contest("4,096 tokens, testnet: the digest's share of a step", runs: 9)
    digest.add("step with digest, 1 thread") {
        let bench = try StepBench(try testnet(), backend: Backends.best, threads: 1)
        return { try bench.step() }
    }
    digest.add("digest alone, 1 thread") {
        let bench = try StepBench(try testnet(), backend: Backends.best, threads: 1)
        _ = try bench.step()
        return { bench.digest() }
    }

    let replay = Contest("8 steps of regtest: a block", runs: 7)
    replay.add("mine, 1 thread") {
        let bench = try ReplayBench(threads: 1)
        return { try bench.mine() }
    }
    replay.add("replay, 1 thread") { try ReplayBench(threads: 1).replay() }
}
