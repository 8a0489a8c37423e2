internal import FlowTensor

/// Causal attention with normalised, rotated queries and keys and its residual connection (Model.md, Attention).
final class AttentionLayer {
    private let index: Int
    private let configuration: ModelConfiguration
    private let places: ModelLayout.Layer
    private let scratch: SharedScratch
    private let table: RotaryTable
    private let norm: RMSNormLayer
    private let queryNorm: RMSNormLayer
    private let keyNorm: RMSNormLayer
    /// The layer's input, T × d; whoever stands before writes it.
    let input: FixedBuffer<Float>
    private let query: FixedBuffer<Float>
    private let key: FixedBuffer<Float>
    private let mixed: FixedBuffer<Float>
    /// (token, head) rows of H integers.
    private let queryIntegers: IntegerStore
    private let keyIntegers: IntegerStore
    private let valueIntegers: IntegerStore
    private let scale: Float
    /// Rows of a pair that are multiplied together; later keys are left out where none of them is visible.
    private let block: Int
    private let pairStride: Int

    init(_ configuration: ModelConfiguration, layer: Int, scratch: SharedScratch, table: RotaryTable) {
        let c = configuration
        self.configuration = c
        self.scratch = scratch
        self.table = table
        index = layer
        places = c.layout.layers[layer]
        let t = c.tokensPerBatch, d = c.embeddingLength, a = c.headCount
        norm = RMSNormLayer(rows: t, columns: d, stage: Stage("attn_norm", layer: layer))
        queryNorm = RMSNormLayer(rows: t * a, columns: c.headLength, stage: Stage("attn_q_norm", layer: layer))
        keyNorm = RMSNormLayer(rows: t * a, columns: c.headLength, stage: Stage("attn_k_norm", layer: layer))
        input = FixedBuffer<Float>(t * d)
        query = FixedBuffer<Float>(t * d)
        key = FixedBuffer<Float>(t * d)
        mixed = FixedBuffer<Float>(t * d)
        queryIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        keyIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        valueIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        pairStride = SharedScratch.pairStride(c.contextLength)
        scale = withCanonicalFloatingPoint { 1 / Float(c.headLength).squareRoot() }
        block = 32
    }

    // MARK: Forward

    /// `output = input + attention(norm(input))·attn_outputᵀ` for `windows` windows.
    func forward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, windows: Int,
        output: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        let t = windows * l
        let rows = scratch.rowIntegersA
        try context.rows(t, Stage("the attention input", layer: index)) { _, range throws(QuantiserFault) in
            for row in range {
                let y = scratch.normalised.pointer + row * d
                norm.forward(row: row, input.pointer + row * d, gain: weights + places.attentionNorm, into: y)
                try rows.quantiseRows(y, rows: 1, columns: d, stride: d, to: row * d, qStride: d, scale: row)
            }
        }
        let value = scratch.rowsA
        for (matrix, target) in [(QuantisedWeights.AttentionMatrix.query, query), (.key, key), (.value, value)] {
            context.products.append(
                IntegerProduct(
                    .nt, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                    b: integers.attention(index, matrix), output: target.pointer, outputStride: d))
        }
        context.execute()

        try context.rows(t, Stage("queries, keys and values", layer: index)) { chunk, range throws(QuantiserFault) in
            let temporary = scratch.headRows.pointer + chunk * h
            for token in range {
                let angles = (token % l) * (h / 2)
                for head in 0..<a {
                    let row = token * a + head
                    let place = token * d + head * h
                    rotated(queryNorm, row, query.pointer + place, weights + places.queryNorm, angles, temporary)
                    try queryIntegers.quantiseRows(
                        temporary, rows: 1, columns: h, stride: h, to: place, qStride: h, scale: row)
                    rotated(keyNorm, row, key.pointer + place, weights + places.keyNorm, angles, temporary)
                    try keyIntegers.quantiseRows(
                        temporary, rows: 1, columns: h, stride: h, to: place, qStride: h, scale: row)
                }
                try valueIntegers.quantiseRows(
                    value.pointer + token * d, rows: a, columns: h, stride: h, to: token * d, qStride: h, scale: token * a)
            }
        }

        try mix(context, windows: windows)
        try context.rows(t, Stage("the attention output", layer: index)) { _, range throws(QuantiserFault) in
            try rows.quantiseRows(
                mixed.pointer + range.lowerBound * d, rows: range.count, columns: d, stride: d, to: range.lowerBound * d,
                qStride: d, scale: range.lowerBound)
        }
        let added = scratch.rowsA.pointer
        context.products.append(
            IntegerProduct(
                .nt, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                b: integers.attention(index, .output), output: added, outputStride: d))
        context.execute()
        context.rows(t) { _, range in
            let place = range.lowerBound * d
            Canonical.add(input.pointer + place, added + place, range.count * d, into: output + place)
        }
    }

    @inline(__always)
    private func rotated(
        _ norm: RMSNormLayer, _ row: Int, _ x: UnsafePointer<Float>, _ gain: UnsafePointer<Float>, _ angles: Int,
        _ target: UnsafeMutablePointer<Float>
    ) {
        norm.forward(row: row, x, gain: gain, into: target)
        table.cos.withUnsafeBufferPointer { cos in
            table.sin.withUnsafeBufferPointer { sin in
                if let cos = cos.baseAddress, let sin = sin.baseAddress {
                    Canonical.rotate(target, half: configuration.headLength / 2, cos: cos + angles, sin: sin + angles)
                }
            }
        }
    }

    /// For each pair of window and head: scores, probabilities, and their mixture of the values. A pair's matrices stay in the cache of one processor.
    private func mix(_ context: StepContext, windows: Int) throws(StepFault) {
        let a = configuration.headCount, l = configuration.contextLength
        try context.rows(windows * a, Stage("the attention probabilities", layer: index)) {
            chunk, range throws(QuantiserFault) in
            let folded = scratch.pairRows.pointer + chunk * SharedScratch.pairRowsLength(l)
            let powers = folded + pairStride
            let integers = PairIntegers(store: scratch.pairIntegersA, chunk: chunk, length: l, stride: pairStride)
            let p = scratch.pairProbabilities.pointer + chunk * l * pairStride
            for pair in range {
                rowProducts(context, pair, left: queryIntegers, right: keyIntegers, output: p)
                fillPowers(powers, valueIntegers, pair)
                for i in 0..<l {
                    let end = visible(i)
                    let largest = Canonical.attentionRow(
                        p + i * pairStride, i + 1, end: end, factor: scale, powers: powers, folded: folded)
                    try integers.quantise(folded, count: end, largest: largest, row: i)
                }
                mixingProducts(context, pair, integers, right: valueIntegers, output: mixed.pointer)
            }
        }
    }

    /// 2^scale of each position of a pair.
    private func fillPowers(_ powers: UnsafeMutablePointer<Float>, _ store: IntegerStore, _ pair: Int) {
        let a = configuration.headCount, l = configuration.contextLength
        let exponents = store.scales + pair / a * l * a + pair % a
        for j in 0..<l { powers[j] = PowerOfTwo.float(exponents[j * a]) }
    }

    /// End of the columns that the products of row i cover.
    @inline(__always)
    private func visible(_ i: Int) -> Int { min((i / block + 1) * block, configuration.contextLength) }

    // MARK: Products of a pair

    /// The first token of a pair's window, and its head.
    @inline(__always)
    private func place(_ pair: Int) -> (token: Int, head: Int) {
        (pair / configuration.headCount * configuration.contextLength, pair % configuration.headCount)
    }

    /// `output[i, j] = left_i · right_j`, j up to the block's end.
    private func rowProducts(
        _ context: StepContext, _ pair: Int, left: IntegerStore, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength
        let (token, head) = place(pair)
        for first in stride(from: 0, to: c.contextLength, by: block) {
            let end = visible(first)
            context.backend.compute(
                IntegerProduct(
                    .nt, m: end - first, n: end, k: h,
                    a: left.operand(
                        (token + first) * d + head * h, stride: d, scale: (token + first) * a + head, scaleStride: a),
                    b: right.operand(token * d + head * h, stride: d, scale: token * a + head, scaleStride: a),
                    output: output + first * pairStride, outputStride: pairStride))
        }
    }

    /// `output_i = Σ_j pairs[i, j] · right_j`; the pairs' scales are complete.
    private func mixingProducts(
        _ context: StepContext, _ pair: Int, _ pairs: PairIntegers, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let d = configuration.embeddingLength, h = configuration.headLength
        let (token, head) = place(pair)
        for first in stride(from: 0, to: configuration.contextLength, by: block) {
            let end = visible(first)
            context.backend.compute(
                IntegerProduct(
                    .nn, m: end - first, n: h, k: end, a: pairs.rows(from: first),
                    b: right.operand(token * d + head * h, stride: d, scale: 0, scaleStride: 0).unscaled,
                    output: output + (token + first) * d + head * h, outputStride: d))
        }
    }

    /// `output_j = Σ_i pairs[i, j] · right_i`; the pairs' column scales are complete.
    private func transposedProducts(
        _ context: StepContext, _ pair: Int, _ pairs: PairIntegers, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let d = configuration.embeddingLength, h = configuration.headLength, l = configuration.contextLength
        let (token, head) = place(pair)
        for first in stride(from: 0, to: l, by: block) {
            context.backend.compute(
                IntegerProduct(
                    .tn, m: visible(first) - first, n: h, k: l - first, a: pairs.columns(from: first),
                    b: right.operand((token + first) * d + head * h, stride: d, scale: 0, scaleStride: 0).unscaled,
                    output: output + (token + first) * d + head * h, outputStride: d))
        }
    }

    // MARK: Backward

    /// `dx` holds the gradient of the output and receives that of the input.
    func backward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, windows: Int,
        dx: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        let t = windows * l
        let rows = scratch.rowIntegersA
        let dMixed = scratch.rowsA.pointer

        // The output matrix.
        try context.rows(t, Stage("the attention output's gradient", layer: index)) { _, range throws(QuantiserFault) in
            try rows.quantiseRows(
                dx + range.lowerBound * d, rows: range.count, columns: d, stride: d, to: range.lowerBound * d, qStride: d,
                scale: range.lowerBound)
        }
        context.matrices.append((UnsafePointer(dx), d, scratch.columnIntegersA))
        context.matrices.append((UnsafePointer(mixed.pointer), d, scratch.columnIntegersB))
        try context.columns(Stage("the attention output's weight gradient", layer: index), rows: t)
        context.products.append(
            IntegerProduct(
                .nn, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                b: integers.attention(index, .output), output: dMixed, outputStride: d))
        context.products.append(
            weightProduct(
                context, .output, scratch.columnIntegersA, scratch.columnIntegersB, t, into: gradient.tensor(places.attentionOutput)))
        context.execute()

        // Values and probabilities.
        let dOutput = scratch.headIntegers
        try context.rows(t, Stage("the heads' gradient", layer: index)) { _, range throws(QuantiserFault) in
            try dOutput.quantiseRows(
                dMixed + range.lowerBound * d, rows: range.count * a, columns: h, stride: h, to: range.lowerBound * d,
                qStride: h, scale: range.lowerBound * a)
        }
        let dQuery = scratch.rowsA.pointer, dKey = scratch.rowsB.pointer, dValue = scratch.rowsC.pointer
        try pairGradients(context, windows: windows, dOutput: dOutput, dQuery, dKey, dValue)

        // Rotation and the heads' norms.
        let terms = scratch.rowsD.pointer
        try headNormBackward(
            context, tokens: t, norm: queryNorm, x: query.pointer, gain: weights + places.queryNorm, dy: dQuery, terms: terms,
            gradient: gradient.tensor(places.queryNorm))
        try headNormBackward(
            context, tokens: t, norm: keyNorm, x: key.pointer, gain: weights + places.keyNorm, dy: dKey, terms: terms,
            gradient: gradient.tensor(places.keyNorm))

        norm.forward(
            context, rows: t, input.pointer, gain: weights + places.attentionNorm, into: scratch.normalised.pointer)
        try projectionsBackward(context, integers: integers, tokens: t, dQuery, dKey, dValue, gradient: gradient)
        try norm.backwardIntoResidual(
            context, rows: t, x: input.pointer, gain: weights + places.attentionNorm, dy: dQuery, dx: dx, gainTerms: terms,
            gradient: gradient.tensor(places.attentionNorm))
    }

    /// The query, key and value matrices: weight gradients, and the normalised input's gradient into `dQuery`.
    private func projectionsBackward(
        _ context: StepContext, integers: QuantisedWeights, tokens t: Int, _ dQuery: UnsafeMutablePointer<Float>,
        _ dKey: UnsafeMutablePointer<Float>, _ dValue: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let d = configuration.embeddingLength
        try context.rows(t, Stage("the gradients of queries, keys and values", layer: index)) { _, range throws(QuantiserFault) in
            let place = range.lowerBound * d
            func quantise(_ x: UnsafePointer<Float>, _ store: IntegerStore) throws(QuantiserFault) {
                try store.quantiseRows(x + place, rows: range.count, columns: d, stride: d, to: place, qStride: d, scale: range.lowerBound)
            }
            try quantise(dQuery, scratch.rowIntegersA)
            try quantise(dKey, scratch.rowIntegersB)
            try quantise(dValue, scratch.rowIntegersC)
        }
        context.matrices.append((UnsafePointer(dQuery), d, scratch.columnIntegersA))
        context.matrices.append((UnsafePointer(dKey), d, scratch.columnIntegersB))
        context.matrices.append((UnsafePointer(dValue), d, scratch.columnIntegersC))
        context.matrices.append((UnsafePointer(scratch.normalised.pointer), d, scratch.columnIntegersD))
        try context.columns(Stage("the weight gradients of queries, keys and values", layer: index), rows: t)
        func multiply(
            _ matrix: QuantisedWeights.AttentionMatrix, _ rows: IntegerStore, _ columns: IntegerStore, into output: UnsafeMutablePointer<Float>,
            _ offset: Int
        ) {
            context.products.append(
                IntegerProduct(
                    .nn, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                    b: integers.attention(index, matrix), output: output, outputStride: d))
            context.products.append(weightProduct(context, matrix, columns, scratch.columnIntegersD, t, into: gradient.tensor(offset)))
        }
        multiply(.query, scratch.rowIntegersA, scratch.columnIntegersA, into: dQuery, places.query)
        multiply(.key, scratch.rowIntegersB, scratch.columnIntegersB, into: dKey, places.key)
        multiply(.value, scratch.rowIntegersC, scratch.columnIntegersC, into: dValue, places.value)
        context.execute()
        context.rows(t) { _, range in
            let place = range.lowerBound * d, count = range.count * d
            Canonical.add(dQuery + place, dKey + place, count, into: dQuery + place)
            Canonical.add(dQuery + place, dValue + place, count, into: dQuery + place)
        }
    }

    private func weightProduct(
        _ context: StepContext, _ matrix: QuantisedWeights.AttentionMatrix, _ dy: IntegerStore, _ x: IntegerStore, _ t: Int,
        into gradient: UnsafeMutablePointer<Float>
    ) -> IntegerProduct {
        let d = configuration.embeddingLength
        let list = switch matrix {
        case .query, .output: scratch.rowLists.pointer
        case .key: scratch.rowLists.pointer + configuration.tokensPerBatch
        case .value: scratch.rowLists.pointer + 2 * configuration.tokensPerBatch
        }
        return context.weightGradient(
            IntegerProduct(
                .tn, m: d, n: d, k: t, a: dy.operand(0, stride: d, scale: 0, scaleStride: 1),
                b: x.operand(0, stride: d, scale: 0, scaleStride: 1), output: gradient, outputStride: d), list)
    }

    /// For each pair: the probabilities once more, their gradient, the three folded matrices as integers, and the gradients of queries, keys and values.
    private func pairGradients(
        _ context: StepContext, windows: Int, dOutput: IntegerStore, _ dQuery: UnsafeMutablePointer<Float>,
        _ dKey: UnsafeMutablePointer<Float>, _ dValue: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        let a = configuration.headCount, l = configuration.contextLength
        try context.rows(windows * a, Stage("the attention scores' gradient", layer: index)) {
            chunk, range throws(QuantiserFault) in
            let folded = scratch.pairRows.pointer + chunk * SharedScratch.pairRowsLength(l)
            let keyPowers = folded + pairStride
            let keyColumns = keyPowers + pairStride, valueColumns = keyColumns + pairStride
            let p = scratch.pairProbabilities.pointer + chunk * l * pairStride
            let dp = scratch.pairs.pointer + chunk * l * pairStride
            let forQueries = PairIntegers(store: scratch.pairIntegersA, chunk: chunk, length: l, stride: pairStride)
            let forKeys = PairIntegers(store: scratch.pairIntegersB, chunk: chunk, length: l, stride: pairStride)
            let forValues = PairIntegers(store: scratch.pairIntegersC, chunk: chunk, length: l, stride: pairStride)
            for pair in range {
                let (token, head) = place(pair)
                let scales = (queryIntegers.scales + token * a + head, dOutput.scales + token * a + head)
                fillPowers(keyPowers, keyIntegers, pair)
                // Computed again rather than kept: at the length of mainnet's windows they would be the largest part of a layer's memory.
                rowProducts(context, pair, left: queryIntegers, right: keyIntegers, output: p)
                rowProducts(context, pair, left: dOutput, right: valueIntegers, output: dp)
                keyColumns.update(repeating: 0, count: l)
                valueColumns.update(repeating: 0, count: l)
                for i in 0..<l {
                    let end = visible(i)
                    _ = Canonical.attentionRow(
                        p + i * pairStride, i + 1, end: end, factor: scale, powers: keyPowers, folded: folded)
                    let largest = Canonical.attentionRowBackward(
                        p + i * pairStride, dp: dp + i * pairStride, i + 1, end: end, factor: scale, keyPowers: keyPowers,
                        queryPower: PowerOfTwo.float(scales.0[i * a]), outputPower: PowerOfTwo.float(scales.1[i * a]),
                        folded: folded, keyLargest: keyColumns, valueLargest: valueColumns)
                    try forQueries.quantise(folded, count: end, largest: largest, row: i)
                }
                try forKeys.setColumnScales(keyColumns)
                try forValues.setColumnScales(valueColumns)
                for i in 0..<l {
                    forKeys.quantise(
                        dp + i * pairStride, scaledBy: PowerOfTwo.float(scales.0[i * a]), inverses: keyColumns,
                        count: visible(i), row: i)
                    forValues.quantise(
                        p + i * pairStride, scaledBy: PowerOfTwo.float(scales.1[i * a]), inverses: valueColumns,
                        count: visible(i), row: i)
                }
                mixingProducts(context, pair, forQueries, right: keyIntegers, output: dQuery)
                transposedProducts(context, pair, forKeys, right: queryIntegers, output: dKey)
                transposedProducts(context, pair, forValues, right: dOutput, output: dValue)
            }
        }
    }

    /// Rotates a gradient back and takes it through the heads' norm, in place.
    private func headNormBackward(
        _ context: StepContext, tokens: Int, norm: RMSNormLayer, x: UnsafePointer<Float>, gain: UnsafePointer<Float>,
        dy: UnsafeMutablePointer<Float>, terms: UnsafeMutablePointer<Float>, gradient: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        context.rows(tokens) { _, range in
            table.cos.withUnsafeBufferPointer { cos in
                table.sin.withUnsafeBufferPointer { sin in
                    guard let cos = cos.baseAddress, let sin = sin.baseAddress else { return }
                    for token in range {
                        let angles = (token % l) * (h / 2)
                        for head in 0..<a {
                            let place = token * d + head * h
                            Canonical.rotateBackward(dy + place, half: h / 2, cos: cos + angles, sin: sin + angles)
                            norm.backward(
                                row: token * a + head, x + place, gain: gain, dy: dy + place, dx: dy + place,
                                gainTerms: terms + place)
                        }
                    }
                }
            }
        }
        try norm.gainGradient(context, terms: terms, rows: tokens * a, into: gradient)
    }
}
