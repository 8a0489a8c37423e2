internal import FlowTensor

/// The mixture of SwiGLU experts with its router and residual connection (Model.md, Experts).
///
/// Rows of an expert stand together ("slots": by expert, then by token), so that each expert is one contiguous matrix.
final class ExpertLayer {
    private let index: Int
    private let configuration: ModelConfiguration
    private let places: ModelLayout.Layer
    private let scratch: SharedScratch
    private let norm: RMSNormLayer
    let routing: ExpertRouting
    /// The layer's input, T × d; whoever stands before writes it.
    let input: FixedBuffer<Float>
    private let normalised: FixedBuffer<Float>
    /// T × X: softmax of the router's logits.
    private let probabilities: FixedBuffer<Float>
    /// 2T × w, slots.
    private let gate: FixedBuffer<Float>
    private let up: FixedBuffer<Float>
    /// 2T × d, slots.
    private let expertOutput: FixedBuffer<Float>

    init(_ configuration: ModelConfiguration, layer: Int, scratch: SharedScratch) {
        let c = configuration
        self.configuration = c
        self.scratch = scratch
        index = layer
        places = c.layout.layers[layer]
        let t = c.tokensPerBatch, d = c.embeddingLength, w = c.expertWidth
        norm = RMSNormLayer(rows: t, columns: d, stage: Stage("ffn_norm", layer: layer))
        routing = ExpertRouting(expertCount: c.expertCount, tokens: t)
        input = FixedBuffer<Float>(t * d)
        normalised = FixedBuffer<Float>(t * d)
        probabilities = FixedBuffer<Float>(t * c.expertCount)
        gate = FixedBuffer<Float>(2 * t * w)
        up = FixedBuffer<Float>(2 * t * w)
        expertOutput = FixedBuffer<Float>(2 * t * d)
    }

    // MARK: Forward

    /// `output = input + experts(norm(input))` for the first `t` tokens.
    func forward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, tokens t: Int,
        output: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        let c = configuration
        let d = c.embeddingLength, w = c.expertWidth, x = c.expertCount
        let rows = scratch.rowIntegersA
        let routerRows = c.routerBits == c.linearBits ? rows : scratch.routerRows
        try context.rows(t, Stage("the experts' input", layer: index)) { _, range throws(QuantiserFault) in
            for row in range {
                let y = normalised.pointer + row * d
                norm.forward(row: row, input.pointer + row * d, gain: weights + places.expertNorm, into: y)
                try rows.quantiseRows(y, rows: 1, columns: d, stride: d, to: row * d, qStride: d, scale: row)
                if routerRows !== rows {
                    try routerRows.quantiseRows(y, rows: 1, columns: d, stride: d, to: row * d, qStride: d, scale: row)
                }
            }
        }
        context.products.append(
            IntegerProduct(
                .nt, m: t, n: x, k: d, a: routerRows.operand(0, stride: d, scale: 0, scaleStride: 1),
                b: integers.router(index), output: probabilities.pointer, outputStride: x))
        context.execute()
        route(context, tokens: t)

        for e in 0..<x {
            let slots = routing.range(e)
            if slots.isEmpty { continue }
            let tokens = rows.operand(
                0, stride: d, scale: 0, scaleStride: 1, rowIndices: routing.tokens.pointer + slots.lowerBound)
            for (matrix, target) in [(QuantisedWeights.ExpertMatrix.gate, gate), (.up, up)] {
                context.products.append(
                    IntegerProduct(
                        .nt, m: slots.count, n: w, k: d, a: tokens, b: integers.expert(index, matrix, e),
                        output: target.pointer + slots.lowerBound * w, outputStride: w))
            }
        }
        context.execute()

        let activation = scratch.slotsWideA.pointer
        let activationRows = scratch.slotWideIntegersA
        try context.rows(2 * t, Stage("the experts' activation", layer: index)) { _, range throws(QuantiserFault) in
            for slot in range {
                let place = slot * w
                Canonical.swiGLU(gate: gate.pointer + place, up: up.pointer + place, w, into: activation + place)
                try activationRows.quantiseRows(
                    activation + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
            }
        }
        for e in 0..<x {
            let slots = routing.range(e)
            if slots.isEmpty { continue }
            context.products.append(
                IntegerProduct(
                    .nt, m: slots.count, n: d, k: w,
                    a: activationRows.operand(slots.lowerBound * w, stride: w, scale: slots.lowerBound, scaleStride: 1),
                    b: integers.expert(index, .down, e), output: expertOutput.pointer + slots.lowerBound * d,
                    outputStride: d))
        }
        context.execute()
        context.rows(t) { _, range in
            for row in range {
                let target = output + row * d
                Canonical.combine(
                    expertOutput.pointer + Int(routing.slots.pointer[2 * row]) * d, weight: routing.weights.pointer[2 * row],
                    expertOutput.pointer + Int(routing.slots.pointer[2 * row + 1]) * d,
                    weight: routing.weights.pointer[2 * row + 1], d, into: target)
                Canonical.add(input.pointer + row * d, target, d, into: target)
            }
        }
    }

    /// Logits become probabilities in place; the two best experts and their weights are noted.
    private func route(_ context: StepContext, tokens t: Int) {
        let x = configuration.expertCount
        context.rows(t) { _, range in
            for row in range {
                let z = probabilities.pointer + row * x
                let (a, b) = ExpertRouting.topTwo(z, x)
                Canonical.softmax(z, x, into: z)
                let pa = z[Int(a)], pb = z[Int(b)]
                routing.chosen.pointer[2 * row] = a
                routing.chosen.pointer[2 * row + 1] = b
                routing.weights.pointer[2 * row] = pa / (pa + pb)
                routing.weights.pointer[2 * row + 1] = pb / (pa + pb)
            }
        }
        routing.arrange(tokens: t)
    }

    /// β·X·Σ_e f_e·mean_t P_te of the last forward pass; a report, not consensus.
    func balancingLoss(tokens t: Int) -> Double {
        let x = configuration.expertCount
        var sum = 0.0
        for e in 0..<x {
            var mean = 0.0
            for row in 0..<t { mean += Double(probabilities.pointer[row * x + e]) }
            sum += Double(routing.range(e).count) / Double(2 * t) * mean / Double(t)
        }
        return Double(configuration.balancingWeight) * Double(x) * sum
    }

    // MARK: Backward

    /// `dx` holds the gradient of the output and receives that of the input.
    func backward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, tokens t: Int,
        dx: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let c = configuration
        let d = c.embeddingLength, w = c.expertWidth, x = c.expertCount
        let dOutput = scratch.slotsA.pointer
        let dWeights = scratch.slotWeights.pointer
        let outputRows = scratch.slotIntegers
        try context.rows(2 * t, Stage("the experts' output gradient", layer: index)) { _, range throws(QuantiserFault) in
            for choice in range {
                let slot = Int(routing.slots.pointer[choice])
                let dy = dx + choice / 2 * d
                dWeights[choice] = Canonical.laneDot(dy, expertOutput.pointer + slot * d, d)
                Canonical.scale(dy, by: routing.weights.pointer[choice], d, into: dOutput + slot * d)
                try outputRows.quantiseRows(
                    dOutput + slot * d, rows: 1, columns: d, stride: d, to: slot * d, qStride: d, scale: slot)
            }
        }
        let dActivation = scratch.slotsWideB.pointer
        for e in 0..<x {
            let slots = routing.range(e)
            if slots.isEmpty { continue }
            context.products.append(
                IntegerProduct(
                    .nn, m: slots.count, n: w, k: d,
                    a: outputRows.operand(slots.lowerBound * d, stride: d, scale: slots.lowerBound, scaleStride: 1),
                    b: integers.expert(index, .down, e), output: dActivation + slots.lowerBound * w, outputStride: w))
        }
        context.execute()

        // The activation again, and the gradients of gate and up.
        let activation = scratch.slotsWideA.pointer
        let dGate = dActivation, dUp = scratch.slotsWideC.pointer
        let gateRows = scratch.slotWideIntegersA, upRows = scratch.slotWideIntegersB
        try context.rows(2 * t, Stage("the experts' activation gradient", layer: index)) { _, range throws(QuantiserFault) in
            for slot in range {
                let place = slot * w
                Canonical.swiGLU(gate: gate.pointer + place, up: up.pointer + place, w, into: activation + place)
                Canonical.swiGLUBackward(
                    gate: gate.pointer + place, up: up.pointer + place, da: dActivation + place, w, dGate: dGate + place,
                    dUp: dUp + place)
                try gateRows.quantiseRows(dGate + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
                try upRows.quantiseRows(dUp + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
            }
        }
        try quantiseSlotColumns(context, activation: activation, dGate: dGate, dUp: dUp, dOutput: dOutput)
        let fromGate = dOutput, fromUp = scratch.slotsB.pointer
        for e in 0..<x where !routing.range(e).isEmpty {
            appendProducts(context, integers: integers, expert: e, fromGate: fromGate, fromUp: fromUp, gradient: gradient)
        }
        context.execute()

        let dRouter = scratch.routerGradient.pointer
        routerGradient(context, tokens: t, dWeights: dWeights, into: dRouter)
        let fromRouter = scratch.rowsB.pointer
        try routerBackward(context, integers: integers, tokens: t, dRouter, into: fromRouter, gradient: gradient)

        let dNormalised = scratch.rowsA.pointer
        context.rows(t) { _, range in
            for row in range {
                let target = dNormalised + row * d
                let a = Int(routing.slots.pointer[2 * row]) * d, b = Int(routing.slots.pointer[2 * row + 1]) * d
                Canonical.add(fromGate + a, fromUp + a, d, into: fromGate + a)
                Canonical.add(fromGate + b, fromUp + b, d, into: fromGate + b)
                Canonical.add(fromGate + a, fromGate + b, d, into: target)
                Canonical.add(target, fromRouter + row * d, d, into: target)
            }
        }
        try norm.backwardIntoResidual(
            context, rows: t, x: input.pointer, gain: weights + places.expertNorm, dy: dNormalised, dx: dx,
            gainTerms: scratch.rowsC.pointer, gradient: gradient.tensor(places.expertNorm))
    }

    /// The operands of the experts' weight gradients: for each expert a scale a column over its tokens.
    private func quantiseSlotColumns(
        _ context: StepContext, activation: UnsafePointer<Float>, dGate: UnsafePointer<Float>, dUp: UnsafePointer<Float>,
        dOutput: UnsafePointer<Float>
    ) throws(StepFault) {
        let d = configuration.embeddingLength, w = configuration.expertWidth, x = configuration.expertCount
        try context.tasks(x * 5, Stage("the experts' weight gradients", layer: index)) { task throws(QuantiserFault) in
            let e = task / 5
            let slots = routing.range(e)
            if slots.isEmpty { return }
            let wide = slots.lowerBound * w, narrow = slots.lowerBound * d
            switch task % 5 {
            case 0:
                try scratch.slotWideColumnsA.quantiseColumns(
                    activation + wide, rows: slots.count, columns: w, stride: w, to: wide, qStride: w, scale: e * w)
            case 1:
                try scratch.slotWideColumnsB.quantiseColumns(
                    dGate + wide, rows: slots.count, columns: w, stride: w, to: wide, qStride: w, scale: e * w)
            case 2:
                try scratch.slotWideColumnsC.quantiseColumns(
                    dUp + wide, rows: slots.count, columns: w, stride: w, to: wide, qStride: w, scale: e * w)
            case 3:
                try scratch.slotColumnsA.quantiseColumns(
                    dOutput + narrow, rows: slots.count, columns: d, stride: d, to: narrow, qStride: d, scale: e * d)
            default:
                try scratch.slotColumnsB.quantiseColumns(
                    normalised.pointer, rowIndices: routing.tokens.pointer + slots.lowerBound, rows: slots.count, columns: d,
                    stride: d, to: narrow, qStride: d, scale: e * d)
            }
        }
    }

    /// One expert's input gradients and weight gradients.
    private func appendProducts(
        _ context: StepContext, integers: QuantisedWeights, expert e: Int, fromGate: UnsafeMutablePointer<Float>,
        fromUp: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) {
        let d = configuration.embeddingLength, w = configuration.expertWidth
        let slots = routing.range(e)
        let wide = slots.lowerBound * w, narrow = slots.lowerBound * d
        func wideColumns(_ store: IntegerStore) -> IntegerOperand {
            store.operand(wide, stride: w, scale: e * w, scaleStride: 1)
        }
        func narrowColumns(_ store: IntegerStore) -> IntegerOperand {
            store.operand(narrow, stride: d, scale: e * d, scaleStride: 1)
        }
        let inputs: [(IntegerStore, QuantisedWeights.ExpertMatrix, UnsafeMutablePointer<Float>)] = [
            (scratch.slotWideIntegersA, .gate, fromGate), (scratch.slotWideIntegersB, .up, fromUp),
        ]
        for (rows, matrix, output) in inputs {
            context.products.append(
                IntegerProduct(
                    .nn, m: slots.count, n: d, k: w,
                    a: rows.operand(wide, stride: w, scale: slots.lowerBound, scaleStride: 1),
                    b: integers.expert(index, matrix, e), output: output + narrow, outputStride: d))
        }
        let weights: [(IntegerOperand, Int, IntegerOperand, Int, Int)] = [
            (wideColumns(scratch.slotWideColumnsB), w, narrowColumns(scratch.slotColumnsB), d, places.gate),
            (wideColumns(scratch.slotWideColumnsC), w, narrowColumns(scratch.slotColumnsB), d, places.up),
            (narrowColumns(scratch.slotColumnsA), d, wideColumns(scratch.slotWideColumnsA), w, places.down),
        ]
        for (dy, m, x, n, offset) in weights {
            context.products.append(
                IntegerProduct(
                    .tn, m: m, n: n, k: slots.count, a: dy, b: x,
                    output: gradient.tensor(offset + e * w * d), outputStride: n))
        }
    }

    /// Gradient of the router's logits: balancing loss and the two weights.
    private func routerGradient(
        _ context: StepContext, tokens t: Int, dWeights: UnsafePointer<Float>, into dRouter: UnsafeMutablePointer<Float>
    ) {
        let x = configuration.expertCount
        let balance = scratch.routerBalance.pointer
        let factor = configuration.balancingWeight * Float(x)
        for e in 0..<x { balance[e] = (factor * (Float(routing.range(e).count) / Float(2 * t))) / Float(t) }
        context.rows(t) { _, range in
            for row in range {
                let dz = dRouter + row * x
                Canonical.softmaxBackward(probabilities.pointer + row * x, dp: balance, x, factor: 1, into: dz)
                let a = Int(routing.chosen.pointer[2 * row]), b = Int(routing.chosen.pointer[2 * row + 1])
                let wa = routing.weights.pointer[2 * row], wb = routing.weights.pointer[2 * row + 1]
                let v = (wa * wb) * (dWeights[2 * row] - dWeights[2 * row + 1])
                dz[a] = dz[a] + v
                dz[b] = dz[b] - v
            }
        }
    }

    private func routerBackward(
        _ context: StepContext, integers: QuantisedWeights, tokens t: Int, _ dRouter: UnsafePointer<Float>,
        into fromRouter: UnsafeMutablePointer<Float>, gradient: GradientGroup
    ) throws(StepFault) {
        let d = configuration.embeddingLength, x = configuration.expertCount
        try context.rows(t, Stage("the router's gradient", layer: index)) { _, range throws(QuantiserFault) in
            try scratch.routerGradientRows.quantiseRows(
                dRouter + range.lowerBound * x, rows: range.count, columns: x, stride: x, to: range.lowerBound * x,
                qStride: x, scale: range.lowerBound)
        }
        try context.columns(
            Stage("the router's weight gradient", layer: index), rows: t,
            [(dRouter, x, scratch.routerGradientColumns), (UnsafePointer(normalised.pointer), d, scratch.routerColumns)])
        context.products.append(
            IntegerProduct(
                .nn, m: t, n: d, k: x, a: scratch.routerGradientRows.operand(0, stride: x, scale: 0, scaleStride: 1),
                b: integers.router(index), output: fromRouter, outputStride: d))
        context.products.append(
            IntegerProduct(
                .tn, m: x, n: d, k: t, a: scratch.routerGradientColumns.operand(0, stride: x, scale: 0, scaleStride: 1),
                b: scratch.routerColumns.operand(0, stride: d, scale: 0, scaleStride: 1),
                output: gradient.tensor(places.router), outputStride: d))
        context.execute()
    }
}
