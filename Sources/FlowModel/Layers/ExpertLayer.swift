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
        let d = c.embeddingLength, x = c.expertCount
        let rows = scratch.rowIntegersA
        let routerRows = c.routerBits == c.linearBits ? rows : scratch.routerRows
        try context.rows(t, Stage("the experts' input", layer: index)) { _, range throws(QuantiserFault) in
            for row in range {
                let y = scratch.normalised.pointer + row * d
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

        try runExperts(context, integers: integers, input: rows)
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

    /// A block of slots after the other goes through its expert: gate and up, activation, down.
    private func runExperts(_ context: StepContext, integers: QuantisedWeights, input: IntegerStore) throws(StepFault) {
        let d = configuration.embeddingLength, w = configuration.expertWidth
        let activation = scratch.slotsWideA.pointer
        let activationRows = scratch.slotWideIntegersA
        try context.tasks(routing.blockCount, Stage("the experts' activation", layer: index)) { block throws(QuantiserFault) in
            let (e, slots) = routing.block(block)
            let (wide, narrow) = (slots.lowerBound * w, slots.lowerBound * d)
            let tokens = input.operand(
                0, stride: d, scale: 0, scaleStride: 1, rowIndices: routing.tokens.pointer + slots.lowerBound)
            func project(_ matrix: QuantisedWeights.ExpertMatrix, _ target: FixedBuffer<Float>) {
                context.backend.compute(
                    IntegerProduct(
                        .nt, m: slots.count, n: w, k: d, a: tokens, b: integers.expert(index, matrix, e),
                        output: target.pointer + wide, outputStride: w))
            }
            project(.gate, gate)
            project(.up, up)
            for slot in slots {
                let place = slot * w
                Canonical.swiGLU(gate: gate.pointer + place, up: up.pointer + place, w, into: activation + place)
                try activationRows.quantiseRows(
                    activation + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
            }
            context.backend.compute(
                IntegerProduct(
                    .nt, m: slots.count, n: d, k: w,
                    a: activationRows.operand(wide, stride: w, scale: slots.lowerBound, scaleStride: 1),
                    b: integers.expert(index, .down, e), output: expertOutput.pointer + narrow, outputStride: d))
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

    /// `dx` holds the gradient of the output and receives that of the input. `gradient` takes the norm's and the router's gradients, `sink` those
    /// of the experts, each as soon as it is complete.
    func backward(
        _ context: StepContext, weights: UnsafePointer<Float>, integers: QuantisedWeights, tokens t: Int,
        dx: UnsafeMutablePointer<Float>, gradient: GradientGroup, sink: GradientSink
    ) throws(StepFault) {
        let d = configuration.embeddingLength
        let dWeights = scratch.slotWeights.pointer
        let dInput = scratch.slotsB.pointer
        try inputGradients(context, integers: integers, dx: dx, dWeights: dWeights, into: dInput)
        norm.forward(context, rows: t, input.pointer, gain: weights + places.expertNorm, into: scratch.normalised.pointer)
        try quantiseSlotColumns(context)
        try weightGradients(context, sink)
        sink.finish(context, layer: index) { routing.range($0).isEmpty }

        let dRouter = scratch.routerGradient.pointer
        routerGradient(context, tokens: t, dWeights: dWeights, into: dRouter)
        let fromRouter = scratch.rowsB.pointer
        try routerBackward(context, integers: integers, tokens: t, dRouter, into: fromRouter, gradient: gradient)

        let dNormalised = scratch.rowsA.pointer
        context.rows(t) { _, range in
            for row in range {
                let target = dNormalised + row * d
                let a = Int(routing.slots.pointer[2 * row]) * d, b = Int(routing.slots.pointer[2 * row + 1]) * d
                Canonical.add(dInput + a, dInput + b, d, into: target)
                Canonical.add(target, fromRouter + row * d, d, into: target)
            }
        }
        try norm.backwardIntoResidual(
            context, rows: t, x: input.pointer, gain: weights + places.expertNorm, dy: dNormalised, dx: dx,
            gainTerms: scratch.rowsC.pointer, gradient: gradient.tensor(places.expertNorm))
    }

    /// A block of slots after the other goes back through its expert, up to the gradient of the slots' inputs. Leaves the gradients of outputs,
    /// gate and up, and the activation once more, for the weights.
    private func inputGradients(
        _ context: StepContext, integers: QuantisedWeights, dx: UnsafePointer<Float>, dWeights: UnsafeMutablePointer<Float>,
        into dInput: UnsafeMutablePointer<Float>
    ) throws(StepFault) {
        let d = configuration.embeddingLength, w = configuration.expertWidth
        let dOutput = scratch.slotsA.pointer, activation = scratch.slotsWideA.pointer
        let dGate = scratch.slotsWideB.pointer, dUp = scratch.slotsWideC.pointer
        let outputRows = scratch.slotIntegers, gateRows = scratch.slotWideIntegersA, upRows = scratch.slotWideIntegersB
        try context.tasks(routing.blockCount, Stage("the experts' gradient", layer: index)) { block throws(QuantiserFault) in
            let (e, slots) = routing.block(block)
            let (wide, narrow) = (slots.lowerBound * w, slots.lowerBound * d)
            for slot in slots {
                let choice = Int(routing.choices.pointer[slot])
                let dy = dx + choice / 2 * d
                dWeights[choice] = Canonical.laneDot(dy, expertOutput.pointer + slot * d, d)
                Canonical.scale(dy, by: routing.weights.pointer[choice], d, into: dOutput + slot * d)
                try outputRows.quantiseRows(
                    dOutput + slot * d, rows: 1, columns: d, stride: d, to: slot * d, qStride: d, scale: slot)
            }
            let dActivation = dGate
            context.backend.compute(
                IntegerProduct(
                    .nn, m: slots.count, n: w, k: d,
                    a: outputRows.operand(narrow, stride: d, scale: slots.lowerBound, scaleStride: 1),
                    b: integers.expert(index, .down, e), output: dActivation + wide, outputStride: w))
            for slot in slots {
                let place = slot * w
                Canonical.swiGLUBackward(
                    gate: gate.pointer + place, up: up.pointer + place, da: dActivation + place, w, dGate: dGate + place,
                    dUp: dUp + place, activation: activation + place)
                try gateRows.quantiseRows(dGate + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
                try upRows.quantiseRows(dUp + place, rows: 1, columns: w, stride: w, to: place, qStride: w, scale: slot)
            }
            func back(_ rows: IntegerStore, _ matrix: QuantisedWeights.ExpertMatrix, _ output: UnsafeMutablePointer<Float>) {
                context.backend.compute(
                    IntegerProduct(
                        .nn, m: slots.count, n: d, k: w,
                        a: rows.operand(wide, stride: w, scale: slots.lowerBound, scaleStride: 1),
                        b: integers.expert(index, matrix, e), output: output, outputStride: d))
            }
            back(gateRows, .gate, dInput + narrow)
            scratch.taskNumbers.withScratch(ExpertRouting.longestBlock * d) { fromUp in
                back(upRows, .up, fromUp)
                Canonical.add(dInput + narrow, fromUp, slots.count * d, into: dInput + narrow)
            }
        }
    }

    /// The operands of the experts' weight gradients: for each expert a scale a column over its tokens.
    private func quantiseSlotColumns(_ context: StepContext) throws(StepFault) {
        let activation = scratch.slotsWideA.pointer, dGate = scratch.slotsWideB.pointer, dUp = scratch.slotsWideC.pointer
        let dOutput = scratch.slotsA.pointer
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
                    scratch.normalised.pointer, rowIndices: routing.tokens.pointer + slots.lowerBound, rows: slots.count, columns: d,
                    stride: d, to: narrow, qStride: d, scale: e * d)
            }
        }
    }

    /// The weight gradients of all experts with tokens, a task for each matrix. Nothing reads the integers of these weights any more in this step.
    private func weightGradients(_ context: StepContext, _ sink: GradientSink) throws(StepFault) {
        let d = configuration.embeddingLength, w = configuration.expertWidth, x = configuration.expertCount
        try context.tasks(3 * x, Stage("the expert weights", layer: index)) { task throws(QuantiserFault) in
            let e = task / 3
            let slots = routing.range(e)
            if slots.isEmpty { return }
            func operand(_ store: IntegerStore, _ columns: Int) -> IntegerOperand {
                store.operand(slots.lowerBound * columns, stride: columns, scale: e * columns, scaleStride: 1)
            }
            let list = scratch.slotRowLists.pointer + task % 3 * 2 * configuration.tokensPerBatch + slots.lowerBound
            let matrix: QuantisedWeights.ExpertMatrix, tensor: Int, m: Int, n: Int, dy: IntegerOperand, input: IntegerOperand
            switch task % 3 {
            case 0:
                (matrix, tensor, m, n) = (.gate, places.gate, w, d)
                (dy, input) = (operand(scratch.slotWideColumnsB, w), operand(scratch.slotColumnsB, d))
            case 1:
                (matrix, tensor, m, n) = (.up, places.up, w, d)
                (dy, input) = (operand(scratch.slotWideColumnsC, w), operand(scratch.slotColumnsB, d))
            default:
                (matrix, tensor, m, n) = (.down, places.down, d, w)
                (dy, input) = (operand(scratch.slotColumnsA, d), operand(scratch.slotWideColumnsA, w))
            }
            try sink.consume(
                layer: index, matrix, expert: e, offset: tensor + e * w * d, count: w * d, scratch: scratch.taskNumbers
            ) { gradient in
                context.backend.compute(
                    context.weightGradient(
                        IntegerProduct(
                            .tn, m: m, n: n, k: slots.count, a: dy, b: input, output: gradient, outputStride: n), list))
            }
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
        context.matrices.append((dRouter, x, scratch.routerGradientColumns))
        context.matrices.append((UnsafePointer(scratch.normalised.pointer), d, scratch.routerColumns))
        try context.columns(Stage("the router's weight gradient", layer: index), rows: t)
        context.products.append(
            IntegerProduct(
                .nn, m: t, n: d, k: x, a: scratch.routerGradientRows.operand(0, stride: x, scale: 0, scaleStride: 1),
                b: integers.router(index), output: fromRouter, outputStride: d))
        context.products.append(
            context.weightGradient(
                IntegerProduct(
                    .tn, m: x, n: d, k: t, a: scratch.routerGradientColumns.operand(0, stride: x, scale: 0, scaleStride: 1),
                    b: scratch.routerColumns.operand(0, stride: d, scale: 0, scaleStride: 1),
                    output: gradient.tensor(places.router), outputStride: d), scratch.rowLists.pointer))
        context.execute()
    }
}
