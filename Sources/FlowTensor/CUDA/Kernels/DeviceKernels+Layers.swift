extension DeviceKernels {
    // MARK: Norms and rotary

    /// `Canonical.rmsNorm` of each row; `inverses` receives r.
    func rmsNorm(
        _ x: DevicePointer, gain: DevicePointer, rows: Int, columns: Int, into y: DevicePointer, inverses: DevicePointer
    ) throws(CUDAFault) {
        try launch(.rmsNorm, .rows(rows), .at(x), .at(gain), .count(rows), .count(columns), .at(y), .at(inverses))
    }

    /// `Canonical.rmsNormBackward` of each row. `dx` may be `dy`.
    func rmsNormBackward(
        _ x: DevicePointer, gain: DevicePointer, inverses: DevicePointer, dy: DevicePointer, rows: Int, columns: Int, dx: DevicePointer,
        gainTerms: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .rmsNormBackward, .rows(rows), .at(x), .at(gain), .at(inverses), .at(dy), .count(rows), .count(columns), .at(dx),
            .at(gainTerms))
    }

    /// `Canonical.rotate` or `rotateBackward` of each (token, head) row in place.
    ///
    /// - Parameters:
    ///   - length: positions in a window; the tables hold `length · half` numbers.
    func rotate(
        _ u: DevicePointer, tokens: Int, heads: Int, length: Int, half: Int, cos: DevicePointer, sin: DevicePointer, backward: Bool
    ) throws(CUDAFault) {
        try launch(
            .rotate, .rows(tokens * heads), .at(u), .count(tokens * heads), .count(heads), .count(length), .count(half), .at(cos),
            .at(sin), .count(backward ? 1 : 0))
    }

    // MARK: Attention

    /// `Canonical.attentionRow` of every row of every (window, head) pair, in place; both results are +0 up to `length`.
    ///
    /// - Parameter exponents: of the values, [window, position, head].
    func attentionRows(
        _ x: DevicePointer, exponents: DevicePointer, pairs: Int, length: Int, heads: Int, stride: Int, factor: Float, folded: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .attentionRows, .rows(pairs * length), .at(x), .at(exponents), .count(pairs * length), .count(length), .count(heads),
            .count(stride), .number(factor), .at(folded))
    }

    /// The way back of those rows: `dp` becomes `ds`, and `folded = ds·2^exponent` with the keys' exponents.
    ///
    /// The folds along columns, `ds·2^sQ` and `p·2^sdO`, are the `factors` of ``quantiseColumns``.
    func attentionRowsBackward(
        _ p: DevicePointer, dp: DevicePointer, exponents: DevicePointer, pairs: Int, length: Int, heads: Int, stride: Int, factor: Float,
        folded: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .attentionRowsBackward, .rows(pairs * length), .at(p), .at(dp), .at(exponents), .count(pairs * length), .count(length),
            .count(heads), .count(stride), .number(factor), .at(folded))
    }

    // MARK: Loss

    /// `Canonical.crossEntropy` of each row in place. 0 ≤ targets < columns.
    func crossEntropy(
        _ logits: DevicePointer, targets: DevicePointer, rows: Int, columns: Int, factor: Float, losses: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .crossEntropy, .rows(rows), .at(logits), .at(targets), .count(rows), .count(columns), .number(factor), .at(losses))
    }
}
