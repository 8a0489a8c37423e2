internal import FlowTensor

/// Memory that all layers use in turn and that holds nothing between them.
final class SharedScratch {
    /// T × d numbers each.
    let rowsA: FixedBuffer<Float>
    let rowsB: FixedBuffer<Float>
    let rowsC: FixedBuffer<Float>
    let rowsD: FixedBuffer<Float>
    /// T × d numbers: a sub-layer's normalised input, made again for the way back.
    let normalised: FixedBuffer<Float>
    /// T × d integers, a scale a row.
    let rowIntegersA: IntegerStore
    let rowIntegersB: IntegerStore
    let rowIntegersC: IntegerStore
    /// T × d integers, a scale a column.
    let columnIntegersA: IntegerStore
    let columnIntegersB: IntegerStore
    let columnIntegersC: IntegerStore
    let columnIntegersD: IntegerStore
    /// (token, head) rows of H integers in attention's bits.
    let headIntegers: IntegerStore
    /// L × Lp numbers for each chunk of row work: a pair's probabilities, zero where j > i.
    let pairProbabilities: FixedBuffer<Float>
    /// L × Lp numbers for each chunk of row work: the gradient of a pair's probabilities.
    let pairs: FixedBuffer<Float>
    /// L × Lp integers for each chunk of row work: a matrix with row scales, two with column scales.
    let pairIntegersA: IntegerStore
    let pairIntegersB: IntegerStore
    let pairIntegersC: IntegerStore
    /// Four rows of Lp for each chunk of row work.
    let pairRows: FixedBuffer<Float>
    /// H numbers for each chunk of row work.
    let headRows: FixedBuffer<Float>
    /// 2T × w numbers each, rows in slot order.
    let slotsWideA: FixedBuffer<Float>
    let slotsWideB: FixedBuffer<Float>
    let slotsWideC: FixedBuffer<Float>
    /// 2T × d numbers each, rows in slot order.
    let slotsA: FixedBuffer<Float>
    let slotsB: FixedBuffer<Float>
    /// 2T × w integers, a scale a row.
    let slotWideIntegersA: IntegerStore
    let slotWideIntegersB: IntegerStore
    /// 2T × d integers, a scale a row.
    let slotIntegers: IntegerStore
    /// 2T × w integers, for each expert a scale a column.
    let slotWideColumnsA: IntegerStore
    let slotWideColumnsB: IntegerStore
    let slotWideColumnsC: IntegerStore
    /// 2T × d integers, for each expert a scale a column.
    let slotColumnsA: IntegerStore
    let slotColumnsB: IntegerStore
    /// Numbers of a single task: an expert's weight gradient, or a block's input gradient.
    let taskNumbers = ScratchPool<Float>()
    /// The router's operands in its own bits: T × d with row and column scales, T × X with row and column scales.
    let routerRows: IntegerStore
    let routerColumns: IntegerStore
    let routerGradientRows: IntegerStore
    let routerGradientColumns: IntegerStore
    /// T × X numbers.
    let routerGradient: FixedBuffer<Float>
    /// X numbers: the balancing loss's gradient for a probability.
    let routerBalance: FixedBuffer<Float>
    /// The rows of weight gradients that are not zero: T for each of three matrices, and 2T for each of an expert's three.
    let rowLists: FixedBuffer<Int32>
    let slotRowLists: FixedBuffer<Int32>
    /// 2T numbers: the gradients of the slots' weights.
    let slotWeights: FixedBuffer<Float>

    /// Distance between the rows of a pair's matrices: L rounded up to 16, so that vectors may read beyond a row's end.
    static func pairStride(_ contextLength: Int) -> Int { (contextLength + 15) / 16 * 16 }

    /// Elements of `pairRows` for one chunk.
    static func pairRowsLength(_ contextLength: Int) -> Int { 4 * pairStride(contextLength) }

    init(_ c: ModelConfiguration, chunks: Int) {
        let t = c.tokensPerBatch, d = c.embeddingLength, w = c.expertWidth, x = c.expertCount
        let l = c.contextLength, lp = Self.pairStride(l)
        func floats(_ count: Int) -> FixedBuffer<Float> {
            FixedBuffer(count)
        }
        func integers(_ count: Int, _ scales: Int, _ bits: Int) -> IntegerStore {
            IntegerStore(elements: count, scales: scales, bits: bits)
        }
        rowsA = floats(t * d)
        rowsB = floats(t * d)
        rowsC = floats(t * d)
        rowsD = floats(t * d)
        normalised = floats(t * d)
        rowIntegersA = integers(t * d, t, c.linearBits)
        rowIntegersB = integers(t * d, t, c.linearBits)
        rowIntegersC = integers(t * d, t, c.linearBits)
        columnIntegersA = integers(t * d, d, c.linearBits)
        columnIntegersB = integers(t * d, d, c.linearBits)
        columnIntegersC = integers(t * d, d, c.linearBits)
        columnIntegersD = integers(t * d, d, c.linearBits)
        headIntegers = integers(t * d, t * c.headCount, c.attentionBits)
        pairProbabilities = floats(chunks * l * lp)
        pairs = floats(chunks * l * lp)
        pairIntegersA = integers(chunks * l * lp, chunks * lp, c.attentionBits)
        pairIntegersB = integers(chunks * l * lp, chunks * lp, c.attentionBits)
        pairIntegersC = integers(chunks * l * lp, chunks * lp, c.attentionBits)
        pairRows = floats(chunks * Self.pairRowsLength(l))
        headRows = floats(chunks * c.headLength)
        slotsWideA = floats(2 * t * w)
        slotsWideB = floats(2 * t * w)
        slotsWideC = floats(2 * t * w)
        slotsA = floats(2 * t * d)
        slotsB = floats(2 * t * d)
        slotWideIntegersA = integers(2 * t * w, 2 * t, c.linearBits)
        slotWideIntegersB = integers(2 * t * w, 2 * t, c.linearBits)
        slotIntegers = integers(2 * t * d, 2 * t, c.linearBits)
        slotWideColumnsA = integers(2 * t * w, x * w, c.linearBits)
        slotWideColumnsB = integers(2 * t * w, x * w, c.linearBits)
        slotWideColumnsC = integers(2 * t * w, x * w, c.linearBits)
        slotColumnsA = integers(2 * t * d, x * d, c.linearBits)
        slotColumnsB = integers(2 * t * d, x * d, c.linearBits)
        routerRows = integers(t * d, t, c.routerBits)
        routerColumns = integers(t * d, d, c.routerBits)
        routerGradientRows = integers(t * x, t, c.routerBits)
        routerGradientColumns = integers(t * x, x, c.routerBits)
        routerGradient = floats(t * x)
        routerBalance = floats(x)
        rowLists = FixedBuffer(3 * t)
        slotRowLists = FixedBuffer(6 * t)
        slotWeights = floats(2 * t)
    }
}
