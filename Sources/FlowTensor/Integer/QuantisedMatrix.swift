/// An integer matrix, row-major, with its scales, in memory that is reused from step to step.
///
/// Values are `Int8` up to 8 bits and `Int16` above. Filled by `Quantiser`; read through `operand(…)`.
/// Two threads may fill different rows (or columns) side by side; anything else is the caller's to order.
public final class QuantisedMatrix: @unchecked Sendable {
    public private(set) var rows = 0
    public private(set) var columns = 0
    /// 2 … 16.
    public private(set) var bits = 8
    public private(set) var axis = ScaleAxis.matrix
    private let narrow = AlignedBuffer<Int8>()
    private let wide = AlignedBuffer<Int16>()
    private let exponents = AlignedBuffer<Int32>()

    public init() {}

    /// An empty matrix of that shape; see `reshape`.
    public convenience init(rows: Int, columns: Int, bits: Int, axis: ScaleAxis) {
        self.init()
        reshape(rows: rows, columns: columns, bits: bits, axis: axis)
    }

    /// Takes a shape. Allocates only where it never was so large; the contents are undefined afterwards.
    public func reshape(rows: Int, columns: Int, bits: Int, axis: ScaleAxis) {
        precondition(rows >= 0 && columns >= 0, "a matrix has at least 0 rows and columns")
        precondition((2...16).contains(bits), "the quantiser takes 2 to 16 bits")
        self.rows = rows
        self.columns = columns
        self.bits = bits
        self.axis = axis
        if bits <= 8 { narrow.reserve(rows * columns) } else { wide.reserve(rows * columns) }
        exponents.reserve(scaleCount)
    }

    /// Scales in use.
    var scaleCount: Int {
        switch axis {
        case .matrix: 1
        case .rowBlock(let block): block > 0 ? (rows + block - 1) / block : 1
        case .row: rows
        case .column: columns
        }
    }

    /// The values where bits ≤ 8.
    public var int8: UnsafeMutablePointer<Int8> { narrow.pointer }
    /// The values where bits > 8.
    public var int16: UnsafeMutablePointer<Int16> { wide.pointer }
    /// Exponents, one for each row, column, block, or one.
    public var scales: UnsafeMutablePointer<Int32> { exponents.pointer }

    /// Value (row, column) as an integer.
    public subscript(row: Int, column: Int) -> Int {
        bits <= 8 ? Int(int8[row * columns + column]) : Int(int16[row * columns + column])
    }

    /// The exponent that belongs to element (row, column).
    public func scale(row: Int, column: Int) -> Int32 {
        switch axis {
        case .matrix: scales[0]
        case .rowBlock(let block): scales[row / max(block, 1)]
        case .row: scales[row]
        case .column: scales[column]
        }
    }

    /// The matrix, or a part of it that starts at (`row`, `column`) and takes every `rowStep`-th row, as one side of a product.
    ///
    /// With rows (token, head) · H columns, head h of the tokens from t is `operand(row: t · A + h, rowStep: A)`.
    /// A part of a matrix with row blocks must stay inside one block.
    public func operand(
        row: Int = 0, column: Int = 0, rowStep: Int = 1, rowIndices: UnsafePointer<Int32>? = nil
    ) -> IntegerOperand {
        let offset = row * columns + column
        let values: IntegerOperand.Values =
            bits <= 8 ? .int8(UnsafePointer(int8 + offset)) : .int16(UnsafePointer(int16 + offset))
        let (scale, scaleStride): (Int, Int) =
            switch axis {
            case .matrix: (0, 0)
            case .rowBlock(let block): (row / max(block, 1), 0)
            case .row: (row, rowStep)
            case .column: (column, 1)
            }
        return IntegerOperand(
            values: values, stride: columns * rowStep, bits: bits, scales: UnsafePointer(scales + scale),
            scaleStride: scaleStride, rowIndices: rowIndices)
    }
}
