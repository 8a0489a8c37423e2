internal import FlowTensor

/// The feed-forward part of a layer: one network, or for each token the experts that its router chooses.
final class ExpertPass {
    private let c: InferenceConfiguration
    private let routed = FloatBuffer()
    private let gathered = FloatBuffer()
    private let gates = FloatBuffer()
    private let ups = FloatBuffer()
    private let outputs = FloatBuffer()
    /// For each token its chosen experts in falling order of probability, with weights that sum to one.
    private var choices: [(expert: Int, weight: Float)] = []
    /// For each choice the row in which its expert's result lies.
    private var slots: [Int] = []
    private var counts: [Int] = []

    init(configuration: InferenceConfiguration) { c = configuration }

    func run(
        _ network: InferenceLayer.FeedForward, _ h: UnsafeMutablePointer<Float>, _ count: Int,
        into y: UnsafeMutablePointer<Float>, runner: inout MatrixRunner
    ) {
        let d = c.embeddingLength
        let width = c.feedForwardLength
        guard let router = network.router else {
            let gate = gates.reserve(count * width)
            let up = ups.reserve(count * width)
            runner.run([
                job(network.gate, h, d, count, gate, width), job(network.up, h, d, count, up, width),
            ])
            Canonical.swiGLU(gate: gate, up: up, count * width, into: gate)
            runner.run([job(network.down, gate, width, count, y, d)])
            return
        }
        let logits = routed.reserve(count * c.expertCount)
        runner.run([job(router, h, d, count, logits, c.expertCount)])
        choose(logits, count)

        // The inputs of an expert's tokens lie together, so that each expert's weights are read once.
        let total = choices.count
        let input = gathered.reserve(total * d)
        placeChoices()
        for (index, slot) in slots.enumerated() {
            (input + slot * d).update(from: h + index / c.expertsPerToken * d, count: d)
        }
        let gate = gates.reserve(total * width)
        let up = ups.reserve(total * width)
        let out = outputs.reserve(total * d)
        var first: [MatrixJob] = []
        var second: [MatrixJob] = []
        var start = 0
        for (expert, tokens) in counts.enumerated() where tokens > 0 {
            let rows = input + start * d
            first.append(job(network.gate.expert(expert), rows, d, tokens, gate + start * width, width))
            first.append(job(network.up.expert(expert), rows, d, tokens, up + start * width, width))
            second.append(job(network.down.expert(expert), gate + start * width, width, tokens, out + start * d, d))
            start += tokens
        }
        runner.run(first)
        Canonical.swiGLU(gate: gate, up: up, total * width, into: gate)
        runner.run(second)
        y.update(repeating: 0, count: count * d)
        for (index, choice) in choices.enumerated() {
            InferenceKernels.add(
                out + slots[index] * d, times: choice.weight, d, to: y + index / c.expertsPerToken * d)
        }
    }

    /// The most probable experts of each token; ties go to the lower index.
    private func choose(_ logits: UnsafeMutablePointer<Float>, _ count: Int) {
        choices.removeAll(keepingCapacity: true)
        for token in 0..<count {
            let row = logits + token * c.expertCount
            Canonical.softmax(row, c.expertCount, into: row)
            let start = choices.count
            var sum: Float = 0
            for _ in 0..<c.expertsPerToken {
                var best = -1
                for expert in 0..<c.expertCount where best < 0 || row[expert] > row[best] { best = expert }
                choices.append((best, row[best]))
                sum += row[best]
                row[best] = -1
            }
            let scale = sum > 0 ? 1 / sum : 0
            for index in start..<choices.count { choices[index].weight *= scale }
        }
    }

    /// Counts each expert's tokens and gives every choice a row, experts in ascending order.
    private func placeChoices() {
        counts = [Int](repeating: 0, count: c.expertCount)
        for choice in choices { counts[choice.expert] += 1 }
        var next = counts
        var start = 0
        for expert in next.indices {
            next[expert] = start
            start += counts[expert]
        }
        slots.removeAll(keepingCapacity: true)
        for choice in choices {
            slots.append(next[choice.expert])
            next[choice.expert] += 1
        }
    }

    private func job(
        _ weights: WeightMatrix, _ input: UnsafeMutablePointer<Float>, _ inputStride: Int, _ tokens: Int,
        _ output: UnsafeMutablePointer<Float>, _ outputStride: Int
    ) -> MatrixJob {
        MatrixJob(
            weights: weights, input: UnsafePointer(input), inputStride: inputStride, tokens: tokens, output: output,
            outputStride: outputStride)
    }
}
