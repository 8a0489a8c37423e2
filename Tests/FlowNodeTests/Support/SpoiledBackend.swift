import FlowTensor
import Synchronization

/// Multiplies right, but for the products of one call, which it spoils.
final class SpoiledBackend: MatrixBackend {
    let name = "spoiled"
    private let calls = Atomic(0)
    private let spoiled: Int
    private let spoil: @Sendable (inout Float) -> Void

    /// - Parameters:
    ///   - call: the one that goes wrong, from 1; 0 for none
    ///   - spoil: changes the first element of each product
    init(call: Int, _ spoil: @escaping @Sendable (inout Float) -> Void = { _ in }) {
        spoiled = call
        self.spoil = spoil
    }

    var callCount: Int { calls.load(ordering: .relaxed) }

    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        ReferenceBackend().execute(products, pool: pool)
        guard calls.add(1, ordering: .relaxed).newValue == spoiled else { return }
        for product in products where product.m > 0 && product.n > 0 { spoil(&product.output[0]) }
    }
}
