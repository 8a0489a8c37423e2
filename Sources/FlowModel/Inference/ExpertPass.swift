internal import CFlowKernels
internal import FlowTensor

/// The feed-forward part of a layer: one network, or for each token the experts that its router chooses.
final class ExpertPass {
    private let c: InferenceConfiguration
    private let kernels: cflow_inference
    private let team: InferenceTeam
    private let split: RowSplit
    private let routed = FloatBuffer()
    /// For each token its chosen experts in falling order of probability.
    private let chosen = AlignedBuffer<Int32>()
    /// The weights of these experts, which sum to one.
    private let shares = FloatBuffer()
    /// For each slot the token it belongs to; the slots of an expert lie together, experts in ascending order.
    private let slotTokens = AlignedBuffer<Int32>()
    private let slotShares = FloatBuffer()
    /// For each expert where its slots begin, and after the last where they end.
    private let starts = AlignedBuffer<Int32>()
    /// The experts with slots.
    private let active = AlignedBuffer<Int32>()
    private let ups = FloatBuffer()
    /// What goes into the last matrix, one row for each slot.
    private let inner: InputRows

    init(model: InferenceModel, team: InferenceTeam, split: RowSplit) {
        c = model.configuration
        kernels = InferenceKernels.kernels(c)
        inner = InputRows(model.inputForms)
        self.team = team
        self.split = split
        starts.reserve(max(c.expertCount, 1) + 1)
        active.reserve(max(c.expertCount, 1))
    }

    /// Adds the network's result for each of the `count` rows `h` to that row of `y`.
    func run(
        _ network: InferenceLayer.FeedForward, _ h: InputRows, _ count: Int, addingTo y: UnsafeMutablePointer<Float>
    ) {
        let d = c.embeddingLength
        let width = c.feedForwardLength
        let slots = count * max(c.expertsPerToken, 1)
        slotTokens.reserve(slots)
        slotShares.reserve(slots)
        let activeCount = network.router.map { route($0, h, count) } ?? useOne(count)
        let tokens = slotTokens.pointer
        let share = slotShares.pointer
        let starts = starts.pointer
        let active = active.pointer

        inner.reserve(slots, width: width)
        let gate = inner.row(0)
        let up = ups.reserve(slots * width)
        // Gate, up and their product, one expert after the other: each part is a range of every expert's rows.
        split.run(width, cost: 2 * d * slots, team) { range in
            for index in 0..<activeCount {
                let expert = Int(active[index])
                let start = Int(starts[expert])
                let end = Int(starts[expert + 1])
                let inputs = h.inputs(rows: tokens + start)
                network.gate.expert(expert).multiply(
                    inputs, tokens: end - start, into: gate + start * width, stride: width, range)
                network.up.expert(expert).multiply(
                    inputs, tokens: end - start, into: up + start * width, stride: width, range)
                for slot in start..<end {
                    let at = slot * width + range.lowerBound
                    kernels.swiglu(gate + at, up + at, share[slot], range.count, gate + at)
                }
            }
        }
        split.run(slots, cost: 8 * width, team) { range in
            for slot in range { inner.quantise(slot) }
        }
        split.run(d, cost: width * slots, team) { range in
            for index in 0..<activeCount {
                let expert = Int(active[index])
                let start = Int(starts[expert])
                network.down.expert(expert).multiply(
                    inner.inputs(from: start), tokens: Int(starts[expert + 1]) - start, into: y, stride: d,
                    outputRows: tokens + start, adding: true, range)
            }
        }
    }

    /// Without a router: one network for all tokens.
    private func useOne(_ count: Int) -> Int {
        for token in 0..<count {
            slotTokens.pointer[token] = Int32(truncatingIfNeeded: token)
            slotShares.pointer[token] = 1
        }
        active.pointer[0] = 0
        starts.pointer[0] = 0
        starts.pointer[1] = Int32(truncatingIfNeeded: count)
        return 1
    }

    /// Chooses experts and lays out the slots. Returns how many experts have any.
    private func route(_ router: WeightMatrix, _ h: InputRows, _ count: Int) -> Int {
        let k = c.expertsPerToken
        let logits = routed.reserve(count * c.expertCount)
        chosen.reserve(count * k)
        shares.reserve(count * k)
        let inputs = h.inputs()
        split.run(router.rows, cost: router.columns * count, team) { range in
            router.multiply(inputs, tokens: count, into: logits, stride: router.rows, range)
        }
        split.run(count, cost: 4 * c.expertCount * k, team) { range in
            for token in range { choose(logits + token * c.expertCount, token) }
        }

        let starts = starts.pointer
        starts.update(repeating: 0, count: c.expertCount + 1)
        let total = count * k
        for index in 0..<total { starts[Int(chosen.pointer[index]) + 1] += 1 }
        var activeCount = 0
        for expert in 0..<c.expertCount {
            if starts[expert + 1] > 0 {
                active.pointer[activeCount] = Int32(truncatingIfNeeded: expert)
                activeCount += 1
            }
            starts[expert + 1] += starts[expert]
        }
        // Filling moves each start to its expert's end, which is the next one's start.
        for index in 0..<total {
            let expert = Int(chosen.pointer[index])
            let slot = Int(starts[expert])
            starts[expert] += 1
            slotTokens.pointer[slot] = Int32(truncatingIfNeeded: index / k)
            slotShares.pointer[slot] = shares.pointer[index]
        }
        for expert in stride(from: c.expertCount, to: 0, by: -1) { starts[expert] = starts[expert - 1] }
        starts[0] = 0
        return activeCount
    }

    /// The experts with the largest logits; ties go to the lower index. Their shares are the softmax of all logits,
    /// made to sum to one, in which the logits that were not chosen cancel out.
    private func choose(_ logits: UnsafeMutablePointer<Float>, _ token: Int) {
        let k = c.expertsPerToken
        let chosen = chosen.pointer + token * k
        let shares = shares.pointer + token * k
        var trouble: Float = 0
        for expert in 0..<c.expertCount { trouble += logits[expert] - logits[expert] }
        var most: Float = 0
        var sum: Float = 0
        for place in 0..<k {
            var best = -1
            for expert in 0..<c.expertCount where !isChosen(expert, chosen, place) {
                if best < 0 || logits[expert] > logits[best] { best = expert }
            }
            if place == 0 { most = logits[best] }
            chosen[place] = Int32(truncatingIfNeeded: best)
            // A logit that is no number makes the whole token undefined, as it should be.
            shares[place] = Canonical.exp(logits[best] - most) + trouble
            sum += shares[place]
        }
        for place in 0..<k { shares[place] /= sum }
    }

    @inline(__always)
    private func isChosen(_ expert: Int, _ chosen: UnsafeMutablePointer<Int32>, _ count: Int) -> Bool {
        for place in 0..<count where Int(chosen[place]) == expert { return true }
        return false
    }
}
