internal import FlowTensor

/// The L × L integers of one pair of window and head, in the memory of one chunk of work: rows `stride` apart, with a scale a row or a column.
struct PairIntegers {
    let store: IntegerStore
    let length: Int
    let stride: Int
    private let element: Int
    private let scale: Int

    init(store: IntegerStore, chunk: Int, length: Int, stride: Int) {
        self.store = store
        self.length = length
        self.stride = stride
        element = chunk * length * stride
        scale = chunk * stride
    }

    /// Quantises a row with a scale of its own; `largest` is its largest magnitude as bits with the sign cleared.
    func quantise(_ x: UnsafePointer<Float>, count: Int, largest: UInt32, row: Int) throws(QuantiserFault) {
        try store.quantise(x, count: count, largest: largest, to: element + row * stride, scale: scale + row)
    }

    /// Takes the columns' largest magnitudes, and turns them into what the rows are multiplied with.
    func setColumnScales(_ largest: UnsafeMutablePointer<Float>) throws(QuantiserFault) {
        try store.setColumnScales(largest, count: length, scale: scale)
    }

    /// A row of `x·factor` with the columns' scales.
    func quantise(_ x: UnsafePointer<Float>, scaledBy factor: Float, inverses: UnsafePointer<Float>, count: Int, row: Int) {
        store.quantiseRow(x, scaledBy: factor, inverses: inverses, count: count, to: element + row * stride)
    }

    /// The rows from `first` on, which have scales of their own.
    func rows(from first: Int) -> IntegerOperand {
        store.operand(element + first * stride, stride: stride, scale: scale + first, scaleStride: 1)
    }

    /// The square from (`first`, `first`) on, whose columns have scales of their own.
    func columns(from first: Int) -> IntegerOperand {
        store.operand(element + first * stride + first, stride: stride, scale: scale + first, scaleStride: 1)
    }
}
