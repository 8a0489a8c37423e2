import Benchmark
import FlowCrypto

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.wallClock, .throughput], maxDuration: .seconds(2))

    let header = [UInt8](repeating: 7, count: 160)
    Benchmark("keccak256d of a header", configuration: .init(scalingFactor: .kilo)) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(Keccak256.doubleHash(header)) }
    }

    let megabyte = [UInt8](repeating: 9, count: 1 << 20)
    Benchmark("bulk root of 1 MiB (BLAKE2b)") { benchmark in
        for _ in benchmark.scaledIterations { megabyte.withUnsafeBytes { blackHole(BulkMerkleTree.root(of: $0)) } }
    }

    let key = Ed25519.PrivateKey.generate()
    let message = Keccak256.hash(header)
    let signature = key.sign(message)
    Benchmark("Ed25519 verification", configuration: .init(scalingFactor: .kilo)) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(key.publicKey.isValid(signature: signature, for: message)) }
    }
    Benchmark("Ed25519 signature", configuration: .init(scalingFactor: .kilo)) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(key.sign(message)) }
    }
}
