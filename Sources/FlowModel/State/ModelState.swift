internal import Synchronization

/// All weights (or all momenta) of a model in one contiguous buffer, tensors in canonical order.
///
/// Weights are binary32 numbers on the grid of 2^−20 with |w| ≤ 4 (Model.md). The class hands out its memory: methods
/// that write need exclusive access, as with any buffer; reading from several threads at once is fine.
public final class ModelState: @unchecked Sendable {
    /// One unit of the weight grid: 2^−20.
    static let gridUnit: Float = 0x1p-20
    /// Largest magnitude of a weight, in grid units: 2^22 (that is, 4).
    static let maximumUnits: Int32 = 1 << 22

    public let configuration: ModelConfiguration
    /// Number of weights.
    public let count: Int
    private let storage: FixedBuffer<Float>
    /// A number that no other contents have, in this state or another: whoever keeps what was derived from the elements compares it.
    private(set) var edition = ModelState.newEdition()

    private static let editions = Atomic<Int>(0)

    private static func newEdition() -> Int { editions.add(1, ordering: .relaxed).newValue }

    /// Whoever writes elements through ``base`` says so.
    func elementsChanged() { edition = Self.newEdition() }

    /// Address of the first element; valid as long as the state lives.
    var base: UnsafeMutablePointer<Float> { storage.pointer }

    /// A state of +0 everywhere: the momentum at the start of a trajectory.
    public convenience init(zeros configuration: ModelConfiguration) {
        self.init(configuration, zeroed: true)
    }

    /// Memory alone; where it is not zeroed the caller writes every element before anybody reads one.
    package init(_ configuration: ModelConfiguration, zeroed: Bool) {
        self.configuration = configuration
        count = configuration.parameterCount
        storage = FixedBuffer(count, zeroed: zeroed)
    }

    /// An independent copy.
    public func copy() -> ModelState {
        let other = ModelState(configuration, zeroed: false)
        other.base.update(from: base, count: count)
        return other
    }

    /// Overwrites all elements with those of `other`.
    ///
    /// - Precondition: both have the same configuration's shape.
    public func assign(from other: ModelState) {
        precondition(other.count == count, "states of \(count) and \(other.count) elements")
        base.update(from: other.base, count: count)
        elementsChanged()
    }

    /// Sets every element to +0.
    public func clear() {
        base.update(repeating: 0, count: count)
        elementsChanged()
    }

    /// The element at `index` in canonical order.
    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            return base[index]
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            base[index] = newValue
            elementsChanged()
        }
    }

    /// A copy of one tensor's elements, row-major.
    public func elements(of tensor: TensorDescriptor) -> [Float] {
        precondition(tensor.range.upperBound <= count, "\(tensor.name) does not belong to this state")
        return Array(UnsafeBufferPointer(start: base + tensor.offset, count: tensor.count))
    }

    /// Calls `body` with all elements in canonical order.
    public func withUnsafeElements<R, E: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// Calls `body` with all elements in canonical order, for writing.
    public func withUnsafeMutableElements<R, E: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(E) -> R
    ) throws(E) -> R {
        defer { elementsChanged() }
        return try body(UnsafeMutableBufferPointer(start: base, count: count))
    }

    /// Calls `body` with the state's bytes: binary32, little-endian.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count * MemoryLayout<Float>.stride))
    }

    /// True if all elements have the same bits.
    public func hasSameBits(as other: ModelState) -> Bool {
        guard other.count == count else { return false }
        let mine = UnsafeRawPointer(base), theirs = UnsafeRawPointer(other.base)
        var offset = 0
        let bytes = count * 4
        while offset + 64 <= bytes {
            let a = mine.load(fromByteOffset: offset, as: SIMD16<UInt32>.self)
            let b = theirs.load(fromByteOffset: offset, as: SIMD16<UInt32>.self)
            if a != b { return false }
            offset += 64
        }
        while offset < bytes {
            if mine.load(fromByteOffset: offset, as: UInt32.self) != theirs.load(fromByteOffset: offset, as: UInt32.self) {
                return false
            }
            offset += 4
        }
        return true
    }

    /// The name and the index within its tensor of an element, for messages.
    func location(of index: Int) -> (tensor: String, index: Int) {
        for tensor in configuration.tensors where tensor.range.contains(index) {
            return (tensor.name, index - tensor.offset)
        }
        return ("state", index)
    }
}
