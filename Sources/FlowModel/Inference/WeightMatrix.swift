internal import FlowGGUF

/// A matrix of weights where it lies in the file: rows of whole blocks, `y = x·Wᵀ`.
struct WeightMatrix: @unchecked Sendable {
    let base: UnsafeRawPointer
    let type: GGUFTensorType
    /// Output elements.
    let rows: Int
    /// Input elements.
    let columns: Int
    let rowByteCount: Int
    /// What the kernels call the type; nil for a type that has to be decoded first.
    let kernelType: Int32?

    init(base: UnsafeRawPointer, type: GGUFTensorType, rows: Int, columns: Int, rowByteCount: Int) {
        self.base = base
        self.type = type
        self.rows = rows
        self.columns = columns
        self.rowByteCount = rowByteCount
        kernelType = InferenceKernels.type(type)
    }

    /// Matrix `index` of a tensor that holds several, one after the other.
    func expert(_ index: Int) -> WeightMatrix {
        WeightMatrix(
            base: base + index * rows * rowByteCount, type: type, rows: rows, columns: columns,
            rowByteCount: rowByteCount)
    }

    /// Decodes row `row` into `target`, `columns` elements.
    func decodeRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
        let bytes = UnsafeRawBufferPointer(start: base + row * rowByteCount, count: rowByteCount)
        // The type was checked to have a decoder when the model was loaded.
        try? GGUFCodec.decode(bytes, type: type, into: UnsafeMutableBufferPointer(start: target, count: columns))
    }
}
