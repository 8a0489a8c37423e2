internal import CFlowKernels
internal import FlowGGUF
internal import FlowTensor

/// Rows of inputs to matrices: binary32, and the other forms that the model's weights read.
final class InputRows {
    private let forms: InputForms
    private let floats = FloatBuffer()
    private let quantised = AlignedBuffer<Int16>()
    private let scales = FloatBuffer()
    private let sums = FloatBuffer()
    private let rounded = AlignedBuffer<Int16>()
    private let roundedScales = FloatBuffer()
    private let roundedSums = FloatBuffer()
    private let halves = FloatBuffer()
    private let bfloats = FloatBuffer()
    private(set) var width = 0
    private var groups = 0

    init(_ forms: InputForms) { self.forms = forms }

    /// Makes room for `rows` rows of `width` elements; what was there is lost.
    func reserve(_ rows: Int, width: Int) {
        self.width = width
        groups = (width + InferenceKernels.groupLength - 1) / InferenceKernels.groupLength
        floats.reserve(rows * width)
        if forms.contains(.fine) || forms.contains(.groups) {
            quantised.reserve(rows * width)
            scales.reserve(rows * groups)
            sums.reserve(rows * groups * 8)
        }
        if forms.contains(.blocks) {
            rounded.reserve(rows * width)
            roundedScales.reserve(rows * groups * 8)
            roundedSums.reserve(rows * groups * 8)
        }
        if forms.contains(.halves) { halves.reserve(rows * width) }
        if forms.contains(.bfloats) { bfloats.reserve(rows * width) }
    }

    func row(_ index: Int) -> UnsafeMutablePointer<Float> { floats.pointer + index * width }

    /// Fills in the other forms of row `index`.
    func quantise(_ index: Int) {
        let x = row(index)
        if forms.contains(.fine) {
            InferenceKernels.best.quantise(
                x, width, quantised.pointer + index * width, scales.pointer + index * groups,
                sums.pointer + index * groups * 8)
        }
        if forms.contains(.groups) {
            // Rows of the K types are whole groups.
            InputRounding.roundGroups(
                x, width / InferenceKernels.groupLength, into: quantised.pointer + index * width,
                scales: scales.pointer + index * groups, sums: sums.pointer + index * groups * 8)
        }
        if forms.contains(.blocks) {
            let blocks = index * groups * 8
            InputRounding.roundBlocks(
                x, width / InputRounding.blockLength, into: rounded.pointer + index * width,
                scales: roundedScales.pointer + blocks, sums: roundedSums.pointer + blocks)
        }
        if forms.contains(.halves) {
            let y = halves.pointer + index * width
            y.update(from: x, count: width)
            InferenceKernels.best.llama_halve(y, width)
        }
        if forms.contains(.bfloats) {
            let y = bfloats.pointer + index * width
            for column in 0..<width { y[column] = HalfPrecision.float(bfloat16: HalfPrecision.bfloat16(x[column])) }
        }
    }

    /// The rows from `start` on, or those of them that `rows` lists.
    func inputs(from start: Int = 0, rows: UnsafePointer<Int32>? = nil) -> cflow_inputs {
        let at = start * width
        let isRounded = forms.contains(.blocks)
        return cflow_inputs(
            x: row(start), follows_llama: !forms.contains(.fine), halves: forms.contains(.halves) ? UnsafePointer(halves.pointer + at) : nil,
            bfloats: forms.contains(.bfloats) ? UnsafePointer(bfloats.pointer + at) : nil, q: quantised.pointer + at,
            scales: scales.pointer + start * groups, sums: sums.pointer + start * groups * 8,
            rounded: isRounded ? UnsafePointer(rounded.pointer + at) : nil,
            rounded_scales: isRounded ? UnsafePointer(roundedScales.pointer + start * groups * 8) : nil,
            rounded_sums: isRounded ? UnsafePointer(roundedSums.pointer + start * groups * 8) : nil, stride: width, groups: groups,
            rows: rows)
    }
}
