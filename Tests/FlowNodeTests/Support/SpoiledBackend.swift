import FlowTensor
import Synchronization

/// Multiplies right, but for the products of one call, or of all calls from one on, which it spoils.
final class SpoiledBackend: MatrixBackend {
    let name = "spoiled"
    private let calls = Atomic(0)
    private let spoiled: Int
    private let isLasting: Bool
    private let spoil: @Sendable (inout Float) -> Void

    /// - Parameters:
    ///   - call: the one that goes wrong, from 1; 0 for none
    ///   - isLasting: all after it go wrong too
    ///   - spoil: changes the first element of each product
    init(call: Int, isLasting: Bool = false, _ spoil: @escaping @Sendable (inout Float) -> Void = { _ in }) {
        spoiled = call
        self.isLasting = isLasting
        self.spoil = spoil
    }

    var callCount: Int { calls.load(ordering: .relaxed) }

    func execute(_ products: [IntegerProduct], pool: ThreadPool) {
        ReferenceBackend().execute(products, pool: pool)
        let call = calls.add(1, ordering: .relaxed).newValue
        guard spoiled > 0, isLasting ? call >= spoiled : call == spoiled else { return }
        for product in products where product.m > 0 && product.n > 0 { spoil(&product.output[0]) }
    }
}
