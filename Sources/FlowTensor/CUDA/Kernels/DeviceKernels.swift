/// The operations of a training step on numbers that lie in a device's memory: the same bits as `Canonical`, `Quantiser` and `ColumnSum`.
///
/// A trainer that keeps its state on the device calls these between products; ``CUBLASBackend`` uses ``rescale`` only. All matrices are row-major and
/// contiguous unless a stride (in elements) is given. Counts of 0 do nothing. Calls run in their order, on the device, and return at once; what
/// was refused on the way stands in the fault word that the caller reads (``fault(in:)``).
struct DeviceKernels: Sendable {
    let device: any KernelDevice

    /// One argument of a kernel.
    enum Argument {
        case at(DevicePointer)
        case count(Int)
        case number(Float)

        var word: UInt64 {
            switch self {
            case .at(let pointer): pointer
            case .count(let count): UInt64(bitPattern: Int64(count))
            case .number(let number): UInt64(number.bitPattern)
            }
        }
    }

    func launch(_ kernel: Kernel, _ grid: LaunchGrid, _ arguments: Argument...) throws(CUDAFault) {
        guard grid.blocks.x > 0, grid.blocks.y > 0 else { return }
        try device.launch(kernel, grid, arguments.map(\.word))
    }

    /// What the quantisers and column sums wrote to a fault word, which must have been 0 at the step's start.
    static func fault(in word: UInt32) -> QuantiserFault? {
        switch word {
        case 0: nil
        case .max: .nonFinite
        default: .exponentAboveRange(Int(word))
        }
    }

    // MARK: Products

    /// One side of a product as cuBLAS takes it: `digits` planes of padded lines of contracted bytes (``PackedProduct``).
    ///
    /// - Parameter values: bytes up to 8 bits, 16-bit words above; row r is row `rowsOf[r]` of the memory where a list is given.
    func pack(
        _ values: DevicePointer, bits: Int, rowsOf: DevicePointer = 0, contractedRows: Bool, lines: Int, depth: Int, stride: Int,
        digits: Int, into target: DevicePointer
    ) throws(CUDAFault) {
        let padded = (ByteProduct.padded(lines), ByteProduct.padded(depth))
        try launch(
            .pack, .rowBlocks(padded.0), .at(values), .count(bits), .at(rowsOf), .count(contractedRows ? 1 : 0), .count(lines),
            .count(depth), .count(stride), .count(digits), .count(padded.0), .count(padded.1), .at(target))
    }

    /// Exact sums, rounded once and scaled: `y[r, c] = float32(Σ digits)·2^(rowScale + columnScale)`.
    func rescale(
        _ sums: DevicePointer, plane: Int, sumsStride: Int, leftDigits: Int, rightDigits: Int, rowScales: DevicePointer, rowScaleStride: Int,
        rowsOf: DevicePointer = 0, columnScales: DevicePointer, columnScaleStride: Int, rows: Int, columns: Int, into y: DevicePointer,
        stride: Int
    ) throws(CUDAFault) {
        try launch(
            .rescale, .rowBlocks(rows), .at(sums), .count(plane), .count(sumsStride), .count(leftDigits), .count(rightDigits),
            .at(rowScales), .count(rowScaleStride), .at(rowsOf), .at(columnScales), .count(columnScaleStride), .count(columns), .at(y),
            .count(stride))
    }

    /// The rescale of a product whose scales and sums lie in a device's staging memory.
    func rescale(
        _ rescale: ByteRescale, input: DevicePointer, sums: DevicePointer, output: DevicePointer
    ) throws(CUDAFault) {
        try self.rescale(
            sums + UInt64(rescale.sums), plane: rescale.plane, sumsStride: rescale.sumsStride, leftDigits: rescale.leftDigits,
            rightDigits: rescale.rightDigits, rowScales: input + UInt64(rescale.rowScales), rowScaleStride: 1,
            columnScales: input + UInt64(rescale.columnScales), columnScaleStride: 1, rows: rescale.m, columns: rescale.n,
            into: output + UInt64(rescale.result), stride: rescale.n)
    }
}
