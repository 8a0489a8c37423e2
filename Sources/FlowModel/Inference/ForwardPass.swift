internal import CFlowKernels
internal import FlowGGUF
internal import FlowTensor

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Android)
    internal import Android
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The forward pass of a piece of text, with the memory that it needs.
final class ForwardPass {
    private let model: InferenceModel
    private let c: InferenceConfiguration
    let cache: KeyValueCache
    private let kernels: cflow_inference
    private let team: InferenceTeam
    private let split: RowSplit
    private let experts: ExpertPass

    /// One row for each token, to which layers add.
    private let stream = FloatBuffer()
    private let normed: InputRows
    private let queries = FloatBuffer()
    private let newKeys = FloatBuffer()
    private let newValues = FloatBuffer()
    private let attended: InputRows
    private let results = FloatBuffer()
    private let scores = FloatBuffer()
    private let cosines = FloatBuffer()
    private let sines = FloatBuffer()
    /// Radians that a pair turns from one position to the next.
    private let frequencies: [Double]

    init(model: InferenceModel, pool: ThreadPool) {
        self.model = model
        let c = model.configuration
        self.c = c
        normed = InputRows(model.inputForms)
        attended = InputRows(model.inputForms)
        cache = KeyValueCache(
            layers: c.layerCount, heads: c.keyValueHeadCount, headLength: c.headLength,
            halves: c.followsLlama || !model.layers.contains { $0.key.type == .f32 || $0.value.type == .f32 })
        kernels = InferenceKernels.kernels(c)
        team = InferenceTeam(pool: pool)
        split = RowSplit(threads: team.threads)
        experts = ExpertPass(model: model, team: team, split: split)
        frequencies = (0..<(c.rotaryLength / 2)).map { pair in
            let frequency = pow(c.rotaryBase, -Double(2 * pair) / Double(c.rotaryLength))
            return frequency / (model.rotaryDivisors.map { Double($0[pair]) } ?? 1)
        }
    }

    /// Runs `tokens`, which stand at `position` and after; their keys and values are added to the cache.
    ///
    /// - Parameter logits: called for each token from `firstLogits` on with its logits, `vocabularySize` elements.
    func run(
        _ tokens: ArraySlice<Int>, at position: Int, limit: Int, firstLogits: Int,
        logits: (UnsafeBufferPointer<Float>) -> Void
    ) {
        let count = tokens.count
        let d = c.embeddingLength
        cache.reserve(position + count, used: position, limit: limit)
        let x = stream.reserve(count * d)
        for (index, token) in tokens.enumerated() { model.embedding.decodeRow(token, into: x + index * d) }
        prepareRotation(position, count)
        let rows = max(count - firstLogits, 0)
        team.perform {
            for layer in model.layers {
                attention(layer, count, position)
                // After the last layer's attention only the tokens whose logits are wanted matter.
                let first = layer.index == c.layerCount - 1 ? min(firstLogits, count) : 0
                guard first < count else { break }
                normalise(x + first * d, layer.feedForwardNorm, count - first)
                experts.run(layer.feedForward, normed, count - first, addingTo: x + first * d)
            }
            guard rows > 0 else { return }
            normalise(x + firstLogits * d, model.outputNorm, rows)
            let result = results.reserve(rows * model.output.rows)
            let inputs = normed.inputs()
            split.run(model.output.rows, cost: model.output.columns * rows, team) { range in
                model.output.multiply(inputs, tokens: rows, into: result, stride: model.output.rows, range)
            }
        }
        for row in 0..<rows {
            logits(UnsafeBufferPointer(start: results.pointer + row * model.output.rows, count: c.vocabularySize))
        }
    }

    /// Fills ``normed`` with the normalised rows of `x`.
    private func normalise(_ x: UnsafeMutablePointer<Float>, _ gain: UnsafePointer<Float>, _ rows: Int) {
        let d = c.embeddingLength
        normed.reserve(rows, width: d)
        split.run(rows, cost: 16 * d, team) { range in
            for row in range {
                kernels.norm(x + row * d, gain, c.rmsNormEpsilon, d, normed.row(row))
                normed.quantise(row)
            }
        }
    }

    /// Cosines and sines of the tokens' angles.
    private func prepareRotation(_ position: Int, _ count: Int) {
        let pairs = frequencies.count
        let cosines = cosines.reserve(count * pairs)
        let sines = sines.reserve(count * pairs)
        if c.followsLlama { return prepareLlamaRotation(position, count) }
        for token in 0..<count {
            for pair in 0..<pairs {
                let angle = Double(position + token) * frequencies[pair]
                cosines[token * pairs + pair] = Float(cos(angle))
                sines[token * pairs + pair] = Float(sin(angle))
            }
        }
    }

    /// The same in binary32, each angle from the one before.
    private func prepareLlamaRotation(_ position: Int, _ count: Int) {
        let pairs = frequencies.count
        let step = powf(Float(c.rotaryBase), -2 / Float(c.rotaryLength))
        for token in 0..<count {
            var turned = Float(position + token)
            for pair in 0..<pairs {
                let angle = turned / (model.rotaryDivisors?[pair] ?? 1)
                cosines.pointer[token * pairs + pair] = cosf(angle)
                sines.pointer[token * pairs + pair] = sinf(angle)
                turned *= step
            }
        }
    }

    private func attention(_ layer: InferenceLayer, _ count: Int, _ position: Int) {
        let d = c.embeddingLength
        let queryWidth = layer.query.rows
        let width = layer.key.rows
        normalise(stream.pointer, layer.attentionNorm, count)
        let q = queries.reserve(count * queryWidth)
        let keys = newKeys.reserve(count * width)
        let values = newValues.reserve(count * width)
        let inputs = normed.inputs()
        // Queries, keys and values are one list of rows.
        split.run(queryWidth + 2 * width, cost: d * count, team) { range in
            let ends = (queryWidth, queryWidth + width)
            let first = range.clamped(to: 0..<ends.0)
            if !first.isEmpty {
                layer.query.multiply(inputs, tokens: count, into: q, stride: queryWidth, first)
            }
            let second = range.clamped(to: ends.0..<ends.1)
            if !second.isEmpty {
                layer.key.multiply(
                    inputs, tokens: count, into: keys, stride: width,
                    (second.lowerBound - ends.0)..<(second.upperBound - ends.0))
            }
            let third = range.clamped(to: ends.1..<(ends.1 + width))
            if !third.isEmpty {
                layer.value.multiply(
                    inputs, tokens: count, into: values, stride: width,
                    (third.lowerBound - ends.1)..<(third.upperBound - ends.1))
            }
        }
        split.run(count, cost: 4 * (queryWidth + width), team) { range in
            for token in range {
                turn(q + token * queryWidth, heads: c.headCount, norm: layer.queryNorm, token)
                if c.followsLlama { kernels.llama_halve(q + token * queryWidth, queryWidth) }
                turn(keys + token * width, heads: c.keyValueHeadCount, norm: layer.keyNorm, token)
                cache.store(
                    layer.index, position: position + token, keys: keys + token * width, values: values + token * width)
            }
        }
        attended.reserve(count, width: queryWidth)
        attend(q, layer.index, count, position)
        split.run(count, cost: 8 * queryWidth, team) { range in
            for token in range { attended.quantise(token) }
        }
        let outputs = attended.inputs()
        let x = stream.pointer
        split.run(d, cost: queryWidth * count, team) { range in
            layer.attentionOutput.multiply(outputs, tokens: count, into: x, stride: d, adding: true, range)
        }
    }

    /// Normalises each head where the architecture asks for it, and rotates it.
    private func turn(_ row: UnsafeMutablePointer<Float>, heads: Int, norm: UnsafePointer<Float>?, _ token: Int) {
        let length = c.headLength
        let pairs = frequencies.count
        for head in 0..<heads {
            let start = row + head * length
            if let norm {
                kernels.norm(start, norm, c.rmsNormEpsilon, length, start)
            }
            kernels.rotate(
                start, pairs, c.rotatesHalves, cosines.pointer + token * pairs, sines.pointer + token * pairs)
        }
    }

    /// All heads of all tokens: those of a single token shared out by heads, of several four tokens and one head at a time.
    private func attend(_ q: UnsafeMutablePointer<Float>, _ layer: Int, _ count: Int, _ position: Int) {
        let length = c.headLength
        let queryWidth = c.headCount * length
        let pieces = (count + 3) / 4
        let scale = 1 / Float(length).squareRoot()
        let parts = split.parts(pieces * c.headCount, cost: 2 * min(count, 4) * (position + count) * length)
        let together = count == 1 ? (c.headCount + parts - 1) / parts : 1
        let groups = (c.headCount + together - 1) / together
        let room = together * min(count, 4) * (position + count + 8)
        let space = scores.reserve(parts * room)
        team.run(parts) { part in
            // The pieces at the end have the most to read: each part takes some of all lengths.
            for item in stride(from: part, to: pieces * groups, by: parts) {
                let first = item / groups * 4
                let head = item % groups * together
                var attention = cflow_attention(
                    queries: q + first * queryWidth, query_stride: queryWidth, type: cache.type, keys: cache.keys(layer), values: cache.values(layer),
                    stored_heads: cache.heads, shared: c.headCount / c.keyValueHeadCount, length: length, first_head: head,
                    heads: min(together, c.headCount - head), reach: position + first + 1, tokens: min(4, count - first), scale: scale,
                    scores: space + part * room, out: attended.row(first), several: count > 1)
                kernels.attend(&attention)
            }
        }
    }
}
