import Benchmark
import Contest
import FlowTensor

/// The products of a step: how each backend's exact product stands beside OpenBLAS's float one.
let benchmarks: @Sendable () -> Void = {
    /// sgemm first, then every backend on one thread, then on two where two can help.
    func contest(_ subject: String, slow: Bool, _ prepare: @escaping () throws -> (float: () -> Void, exact: (any MatrixBackend, ThreadPool) throws -> Void)) {
        let contest = Contest(subject)
        contest.add("OpenBLAS sgemm (\(FloatBLAS.kernel)), 1 thread") { try prepare().float }
        if slow {
            contest.add("exact, reference, 1 thread") {
                let exact = try prepare().exact
                return { try exact(ReferenceBackend(), .single) }
            }
        }
        for name in Backends.names {
            for threads in name == Backends.best ? [1, 2] : [1] {
                contest.add("exact, \(name), \(threads) thread\(threads == 1 ? "" : "s")") {
                    let exact = try prepare().exact
                    let backend = try Backends.backend(name), pool = ThreadPool(threads: threads)
                    return { try exact(backend, pool) }
                }
            }
        }
    }

    func product(_ layout: IntegerProduct.Layout, _ m: Int, _ n: Int, _ k: Int, _ what: String, copies: Int = 1, slow: Bool = false) {
        let count = copies == 1 ? "" : "\(copies) × "
        contest("\(count)\(m)×\(n)×\(k) \(what)", slow: slow) {
            let operands = try (0..<copies).map { _ in try Operands(layout, m, n, k) }
            let products = operands.map(\.product)
            // The products point into the operands' memory.
            return (
                { for one in operands { one.float() } },
                { backend, pool in withExtendedLifetime(operands) { backend.execute(products, pool: pool) } })
        }
    }

    product(.nt, 512, 512, 512, "square", slow: true)
    product(.nt, 64, 1024, 512, "activations by weights")
    product(.nn, 64, 512, 1024, "gradients by weights")
    product(.tn, 512, 512, 2048, "weight gradient")
    product(.tn, 1024, 512, 64, "weight gradient of an expert")
    product(.nt, 8, 1024, 512, "skinny expert")
    product(.nt, 32, 256, 128, "experts of testnet", copies: 16, slow: true)
    product(.tn, 256, 128, 32, "weight gradients of testnet's experts", copies: 16)
    for tokens in [8, 64, 512] {
        contest("\(tokens) tokens through a linear layer 512 to 1024, forward and backward", slow: false) {
            let layer = LinearLayer(tokens: tokens)
            return ({ layer.float() }, { try layer.exact($0, $1) })
        }
    }
}
