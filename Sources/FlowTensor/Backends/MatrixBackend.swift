/// Something that multiplies integer matrices exactly.
///
/// Every backend gives the bits of `ReferenceBackend`, for any pool and in any floating-point state, and leaves the calling thread in the state in which it
/// was called (``withCanonicalFloatingPoint(_:)``). `checkMatrixBackend(_:)` admits or refuses one.
public protocol MatrixBackend: Sendable {
    /// A short name for people, options and logs, such as `reference`, `openblas`, `avx2`.
    var name: String { get }

    /// Why this backend cannot run in this process, for people; nil when it can. Asked before the first product and after the
    /// admission check: an accelerator may fail on the way.
    var obstacle: String? { get }

    /// Computes products that do not depend on one another, and returns when all outputs are written. Outputs must not overlap.
    func execute(_ products: [IntegerProduct], pool: ThreadPool)

    /// Computes one product on the calling thread; tasks of a pool may call it side by side.
    func compute(_ product: IntegerProduct)
}

extension MatrixBackend {
    public var obstacle: String? { nil }

    public func compute(_ product: IntegerProduct) { execute([product], pool: .single) }

    /// One product on its own.
    public func execute(_ product: IntegerProduct, pool: ThreadPool = .single) {
        execute([product], pool: pool)
    }
}
