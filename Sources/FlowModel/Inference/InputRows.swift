internal import CFlowKernels
internal import FlowTensor

/// Rows of inputs to matrices: binary32, and with 16 bits for each element and a scale for each 256, which is what the
/// products with quantised weights read.
///
/// The rounding is some 250 times finer than that of 8 bits, so next to the weights' own it does not count. Rows of public models also
/// have the form that llama.cpp gives them (``InputRounding``).
final class InputRows {
    private let isRounding: Bool
    private let rounded = AlignedBuffer<Int16>()
    private let roundedScales = FloatBuffer()
    private let roundedSums = FloatBuffer()
    private let floats = FloatBuffer()
    private let quantised = AlignedBuffer<Int16>()
    private let scales = FloatBuffer()
    private let sums = FloatBuffer()
    private(set) var width = 0
    private var groups = 0

    /// - Parameter rounding: whether weights in blocks of 32 meet inputs that are rounded as in llama.cpp.
    init(rounding: Bool) { isRounding = rounding }

    /// Makes room for `rows` rows of `width` elements; what was there is lost.
    func reserve(_ rows: Int, width: Int) {
        self.width = width
        groups = (width + InferenceKernels.groupLength - 1) / InferenceKernels.groupLength
        floats.reserve(rows * width)
        quantised.reserve(rows * width)
        scales.reserve(rows * groups)
        sums.reserve(rows * groups * 8)
        guard isRounding else { return }
        rounded.reserve(rows * width)
        roundedScales.reserve(rows * groups * 8)
        roundedSums.reserve(rows * groups * 8)
    }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { floats.pointer + index * width }

    /// Fills in the quantised form of row `index`.
    func quantise(_ index: Int) {
        InferenceKernels.best.quantise(
            row(index), width, quantised.pointer + index * width, scales.pointer + index * groups,
            sums.pointer + index * groups * 8)
        guard isRounding else { return }
        let blocks = index * groups * 8
        // Behind the last block are none that the kernels' sums may count.
        roundedScales.pointer.advanced(by: blocks).update(repeating: 0, count: groups * 8)
        roundedSums.pointer.advanced(by: blocks).update(repeating: 0, count: groups * 8)
        InputRounding.round(
            row(index), width / InputRounding.blockLength * InputRounding.blockLength, into: rounded.pointer + index * width,
            scales: roundedScales.pointer + blocks, sums: roundedSums.pointer + blocks)
    }

    /// The rows from `start` on, or those of them that `rows` lists.
    func inputs(from start: Int = 0, rows: UnsafePointer<Int32>? = nil) -> cflow_inputs {
        cflow_inputs(
            x: row(start), q: quantised.pointer + start * width, scales: scales.pointer + start * groups,
            sums: sums.pointer + start * groups * 8, rounded: isRounding ? UnsafePointer(rounded.pointer + start * width) : nil,
            rounded_scales: isRounding ? UnsafePointer(roundedScales.pointer + start * groups * 8) : nil,
            rounded_sums: isRounding ? UnsafePointer(roundedSums.pointer + start * groups * 8) : nil, stride: width, groups: groups,
            rows: rows)
    }
}
