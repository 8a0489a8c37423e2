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
    private let normalised: FixedBuffer<Float>
    private let query: FixedBuffer<Float>
    private let key: FixedBuffer<Float>
    private let value: FixedBuffer<Float>
    private let mixed: FixedBuffer<Float>
    /// (token, head) rows of H integers.
    private let queryIntegers: IntegerStore
    private let keyIntegers: IntegerStore
    private let valueIntegers: IntegerStore
    /// B·A × L × Lp: p, zero where j > i.
    private let probabilities: FixedBuffer<Float>
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
        normalised = FixedBuffer<Float>(t * d)
        query = FixedBuffer<Float>(t * d)
        key = FixedBuffer<Float>(t * d)
        value = FixedBuffer<Float>(t * d)
        mixed = FixedBuffer<Float>(t * d)
        queryIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        keyIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        valueIntegers = IntegerStore(elements: t * d, scales: t * a, bits: c.attentionBits)
        pairStride = SharedScratch.pairStride(c.contextLength)
        probabilities = FixedBuffer<Float>(c.batchSize * a * c.contextLength * pairStride)
        scale = 1 / Float(c.headLength).squareRoot()
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
                let y = normalised.pointer + row * d
                norm.forward(row: row, input.pointer + row * d, gain: weights + places.attentionNorm, into: y)
                try rows.quantiseRows(y, rows: 1, columns: d, stride: d, to: row * d, qStride: d, scale: row)
            }
        }
        for (matrix, target) in [(QuantisedWeights.AttentionMatrix.query, query), (.key, key), (.value, value)] {
            context.products.append(
                IntegerProduct(
                    .nt, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                    b: integers.attention(index, matrix), output: target.pointer, outputStride: d))
        }
        context.execute()

        try context.rows(t, Stage("queries, keys and values", layer: index)) { chunk, range throws(QuantiserFault) in
            let temporary = scratch.pairRows.pointer + chunk * chunkLength
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

        appendRowProducts(
            context, windows: windows, left: queryIntegers, right: keyIntegers, output: probabilities.pointer)
        context.execute()
        try softmax(context, windows: windows)
        appendMixingProducts(
            context, windows: windows, pairs: scratch.pairIntegersA, right: valueIntegers, output: mixed.pointer)
        context.execute()

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

    private var chunkLength: Int { pairStride + 2 * configuration.contextLength * pairStride }

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

    /// Scores become probabilities in place; the probabilities with the values' scales folded in become integers.
    private func softmax(_ context: StepContext, windows: Int) throws(StepFault) {
        let a = configuration.headCount, l = configuration.contextLength
        try context.rows(windows * a, Stage("the attention probabilities", layer: index)) {
            chunk, range throws(QuantiserFault) in
            let folded = scratch.pairRows.pointer + chunk * chunkLength
            for pair in range {
                let window = pair / a, head = pair % a
                let valueScales = valueIntegers.scales + window * l * a + head
                for i in 0..<l {
                    let row = probabilities.pointer + (pair * l + i) * pairStride
                    let end = visible(i)
                    Canonical.scale(row, by: scale, i + 1, into: row)
                    Canonical.softmax(row, i + 1, into: row)
                    (row + i + 1).update(repeating: 0, count: end - i - 1)
                    Canonical.scaleByPowers(row, exponents: valueScales, exponentStride: a, end, into: folded)
                    try scratch.pairIntegersA.quantiseRows(
                        folded, rows: 1, columns: end, stride: end, to: (pair * l + i) * pairStride, qStride: end,
                        scale: pair * l + i)
                }
            }
        }
    }

    /// End of the columns that the products of row i cover.
    @inline(__always)
    private func visible(_ i: Int) -> Int { min((i / block + 1) * block, configuration.contextLength) }

    // MARK: Products of pairs

    /// For each pair `output[i, j] = left_i · right_j`, j up to the block's end.
    private func appendRowProducts(
        _ context: StepContext, windows: Int, left: IntegerStore, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        for pair in 0..<windows * a {
            let token = pair / a * l, head = pair % a
            for first in stride(from: 0, to: l, by: block) {
                let end = visible(first)
                context.products.append(
                    IntegerProduct(
                        .nt, m: end - first, n: end, k: h,
                        a: left.operand(
                            (token + first) * d + head * h, stride: d, scale: (token + first) * a + head, scaleStride: a),
                        b: right.operand(token * d + head * h, stride: d, scale: token * a + head, scaleStride: a),
                        output: output + (pair * l + first) * pairStride, outputStride: pairStride))
            }
        }
    }

    /// For each pair `output_i = Σ_j pairs[i, j] · right_j`; the pairs' scales are complete.
    private func appendMixingProducts(
        _ context: StepContext, windows: Int, pairs: IntegerStore, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        for pair in 0..<windows * a {
            let token = pair / a * l, head = pair % a
            for first in stride(from: 0, to: l, by: block) {
                let end = visible(first)
                context.products.append(
                    IntegerProduct(
                        .nn, m: end - first, n: h, k: end,
                        a: pairs.operand((pair * l + first) * pairStride, stride: pairStride, scale: pair * l + first, scaleStride: 1),
                        b: right.operand(token * d + head * h, stride: d, scale: 0, scaleStride: 0).unscaled,
                        output: output + (token + first) * d + head * h, outputStride: d))
            }
        }
    }

    /// For each pair `output_j = Σ_i pairs[i, j] · right_i`; the pairs' column scales are complete.
    private func appendTransposedProducts(
        _ context: StepContext, windows: Int, pairs: IntegerStore, right: IntegerStore, output: UnsafeMutablePointer<Float>
    ) {
        let c = configuration
        let d = c.embeddingLength, a = c.headCount, h = c.headLength, l = c.contextLength
        for pair in 0..<windows * a {
            let token = pair / a * l, head = pair % a
            for first in stride(from: 0, to: l, by: block) {
                let end = visible(first)
                context.products.append(
                    IntegerProduct(
                        .tn, m: end - first, n: h, k: l - first,
                        a: pairs.operand(
                            (pair * l + first) * pairStride + first, stride: pairStride, scale: pair * pairStride + first,
                            scaleStride: 1),
                        b: right.operand((token + first) * d + head * h, stride: d, scale: 0, scaleStride: 0).unscaled,
                        output: output + (token + first) * d + head * h, outputStride: d))
            }
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
        try context.columns(
            Stage("the attention output's weight gradient", layer: index), rows: t,
            [(UnsafePointer(dx), d, scratch.columnIntegersA), (UnsafePointer(mixed.pointer), d, scratch.columnIntegersB)])
        context.products.append(
            IntegerProduct(
                .nn, m: t, n: d, k: d, a: rows.operand(0, stride: d, scale: 0, scaleStride: 1),
                b: integers.attention(index, .output), output: dMixed, outputStride: d))
        context.products.append(
            weightProduct(
                scratch.columnIntegersA, scratch.columnIntegersB, t, into: gradient.tensor(places.attentionOutput)))
        context.execute()

        // Values and probabilities.
        let dOutput = scratch.headIntegers
        try context.rows(t, Stage("the heads' gradient", layer: index)) { _, range throws(QuantiserFault) in
            try dOutput.quantiseRows(
                dMixed + range.lowerBound * d, rows: range.count * a, columns: h, stride: h, to: range.lowerBound * d,
                qStride: h, scale: range.lowerBound * a)
        }
        appendRowProducts(
            context, windows: windows, left: dOutput, right: valueIntegers, output: scratch.pairs.pointer)
        context.execute()
        try pairGradients(context, windows: windows, dOutput: dOutput)
        let dQuery = scratch.rowsA.pointer, dKey = scratch.rowsB.pointer, dValue = scratch.rowsC.pointer
        appendMixingProducts(
            context, windows: windows, pairs: scratch.pairIntegersA, right: keyIntegers, output: dQuery)
        appendTransposedProducts(
            context, windows: windows, pairs: scratch.pairIntegersB, right: queryIntegers, output: dKey)
        appendTransposedProducts(
            context, windows: windows, pairs: scratch.pairIntegersC, right: dOutput, output: dValue)
        context.execute()

        // Rotation and the heads' norms.
        let terms = scratch.rowsD.pointer
        try headNormBackward(
            context, tokens: t, norm: queryNorm, x: query.pointer, gain: weights + places.queryNorm, dy: dQuery, terms: terms,
            gradient: gradient.tensor(places.queryNorm))
        try headNormBackward(
            context, tokens: t, norm: keyNorm, x: key.pointer, gain: weights + places.keyNorm, dy: dKey, terms: terms,
            gradient: gradient.tensor(places.keyNorm))

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
        let stores = (scratch.rowIntegersA, scratch.rowIntegersB, scratch.rowIntegersC)
        try context.rows(t, Stage("the gradients of queries, keys and values", layer: index)) {
            _, range throws(QuantiserFault) in
            let place = range.lowerBound * d
            for (x, store) in [(dQuery, stores.0), (dKey, stores.1), (dValue, stores.2)] {
                try store.quantiseRows(
                    x + place, rows: range.count, columns: d, stride: d, to: place, qStride: d, scale: range.lowerBound)
            }
        }
        try context.columns(
            Stage("the weight gradients of queries, keys and values", layer: index), rows: t,
            [
                (UnsafePointer(dQuery), d, scratch.columnIntegersA), (UnsafePointer(dKey), d, scratch.columnIntegersB),
                (UnsafePointer(dValue), d, scratch.columnIntegersC),
                (UnsafePointer(normalised.pointer), d, scratch.columnIntegersD),
            ])
        let targets: [(IntegerStore, IntegerStore, QuantisedWeights.AttentionMatrix, UnsafeMutablePointer<Float>, Int)] = [
            (stores.0, scratch.columnIntegersA, .query, dQuery, places.query),
            (stores.1, scratch.columnIntegersB, .key, dKey, places.key),
            (stores.2, scratch.columnIntegersC, .value, dValue, places.value),
        ]
        for (store, columns, matrix, output, offset) in targets {
            context.products.append(
                IntegerProduct(
                    .nn, m: t, n: d, k: d, a: store.operand(0, stride: d, scale: 0, scaleStride: 1),
                    b: integers.attention(index, matrix), output: output, outputStride: d))
            context.products.append(
                weightProduct(columns, scratch.columnIntegersD, t, into: gradient.tensor(offset)))
        }
        context.execute()
        context.rows(t) { _, range in
            let place = range.lowerBound * d, count = range.count * d
            Canonical.add(dQuery + place, dKey + place, count, into: dQuery + place)
            Canonical.add(dQuery + place, dValue + place, count, into: dQuery + place)
        }
    }

    private func weightProduct(
        _ dy: IntegerStore, _ x: IntegerStore, _ t: Int, into gradient: UnsafeMutablePointer<Float>
    ) -> IntegerProduct {
        let d = configuration.embeddingLength
        return IntegerProduct(
            .tn, m: d, n: d, k: t, a: dy.operand(0, stride: d, scale: 0, scaleStride: 1),
            b: x.operand(0, stride: d, scale: 0, scaleStride: 1), output: gradient, outputStride: d)
    }

    /// From the probabilities' gradient: the three folded matrices as integers.
    private func pairGradients(_ context: StepContext, windows: Int, dOutput: IntegerStore) throws(StepFault) {
        let a = configuration.headCount, l = configuration.contextLength
        try context.rows(windows * a, Stage("the attention scores' gradient", layer: index)) {
            chunk, range throws(QuantiserFault) in
            let folded = scratch.pairRows.pointer + chunk * chunkLength
            let forKeys = folded + pairStride
            let forValues = forKeys + l * pairStride
            for pair in range {
                let window = pair / a, head = pair % a
                let first = window * l * a + head
                for i in 0..<l {
                    let end = visible(i)
                    let p = probabilities.pointer + (pair * l + i) * pairStride
                    let ds = scratch.pairs.pointer + (pair * l + i) * pairStride
                    Canonical.softmaxBackward(p, dp: ds, i + 1, factor: scale, into: ds)
                    (ds + i + 1).update(repeating: 0, count: end - i - 1)
                    Canonical.scaleByPowers(ds, exponents: keyIntegers.scales + first, exponentStride: a, end, into: folded)
                    try scratch.pairIntegersA.quantiseRows(
                        folded, rows: 1, columns: end, stride: end, to: (pair * l + i) * pairStride, qStride: end,
                        scale: pair * l + i)
                    Canonical.scale(
                        ds, by: PowerOfTwo.float(queryIntegers.scales[first + i * a]), end, into: forKeys + i * pairStride)
                    Canonical.scale(
                        p, by: PowerOfTwo.float(dOutput.scales[first + i * a]), end, into: forValues + i * pairStride)
                }
                for column in stride(from: 0, to: l, by: block) {
                    let end = visible(column)
                    let start = column * pairStride + column
                    try scratch.pairIntegersB.quantiseColumns(
                        forKeys + start, rows: l - column, columns: end - column, stride: pairStride,
                        to: pair * l * pairStride + start, qStride: pairStride, scale: pair * pairStride + column)
                    try scratch.pairIntegersC.quantiseColumns(
                        forValues + start, rows: l - column, columns: end - column, stride: pairStride,
                        to: pair * l * pairStride + start, qStride: pairStride, scale: pair * pairStride + column)
                }
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
