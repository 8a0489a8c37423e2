internal import CFlowKernels
internal import FlowTensor

/// Rows of inputs to matrices: binary32, and with 16 bits for each element and a scale for each 256, which is what the
/// products with quantised weights read.
///
/// The rounding is some 250 times finer than that of 8 bits, so next to the weights' own it does not count. Rows of public models are rounded
/// as in llama.cpp first (``InputRounding``).
final class InputRows {
    private let isRounding: Bool
    /// A row's rounded form, for each row its own, since rows are quantised side by side.
    private let rounded = FloatBuffer()
    private let floats = FloatBuffer()
    private let quantised = AlignedBuffer<Int16>()
    private let scales = FloatBuffer()
    private let sums = FloatBuffer()
    private(set) var width = 0
    private var groups = 0

    /// - Parameter rounding: whether quantised forms are rounded as in llama.cpp. Widths are then multiples of 32.
    init(rounding: Bool) { isRounding = rounding }

    /// Makes room for `rows` rows of `width` elements; what was there is lost.
    func reserve(_ rows: Int, width: Int) {
        self.width = width
        groups = (width + InferenceKernels.groupLength - 1) / InferenceKernels.groupLength
        floats.reserve(rows * width)
        if isRounding { rounded.reserve(rows * width) }
        quantised.reserve(rows * width)
        scales.reserve(rows * groups)
        sums.reserve(rows * groups * 8)
    }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { floats.pointer + index * width }

    /// Fills in the quantised form of row `index`.
    func quantise(_ index: Int) {
        let target = quantised.pointer + index * width
        let targetScales = scales.pointer + index * groups
        let targetSums = sums.pointer + index * groups * 8
        guard isRounding, width % InputRounding.blockLength == 0 else {
            InferenceKernels.best.quantise(row(index), width, target, targetScales, targetSums)
            return
        }
        let whole = rounded.pointer + index * width
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width / InputRounding.blockLength) { sums in
            guard let sums = sums.baseAddress else { return }
            InputRounding.round(row(index), width, into: whole, sums: sums)
            InferenceKernels.best.quantise(whole, width, target, targetScales, targetSums)
            // llama.cpp rounds the sums by themselves.
            targetSums.update(from: sums, count: width / InputRounding.blockLength)
        }
    }

    /// The rows from `start` on, or those of them that `rows` lists.
    func inputs(from start: Int = 0, rows: UnsafePointer<Int32>? = nil) -> cflow_inputs {
        cflow_inputs(
            x: row(start), q: quantised.pointer + start * width, scales: scales.pointer + start * groups,
            sums: sums.pointer + start * groups * 8, stride: width, groups: groups, rows: rows)
    }
}
