internal import FlowTensor

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The forward pass of a piece of text, with the memory that it needs.
final class ForwardPass {
    private let model: InferenceModel
    private let c: InferenceConfiguration
    let cache: KeyValueCache
    private let pool: ThreadPool
    private var runner: MatrixRunner
    private let experts: ExpertPass

    private let stream = FloatBuffer()
    private let normed = FloatBuffer()
    private let queries = FloatBuffer()
    private let attended = FloatBuffer()
    private let projected = FloatBuffer()
    private let scores = FloatBuffer()
    private let cosines = FloatBuffer()
    private let sines = FloatBuffer()

    init(model: InferenceModel, pool: ThreadPool) {
        self.model = model
        self.pool = pool
        c = model.configuration
        cache = KeyValueCache(layers: c.layerCount, width: c.keyValueHeadCount * c.headLength)
        runner = MatrixRunner(pool: pool, roundsInputs: c.roundsInputs)
        experts = ExpertPass(configuration: c)
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
        for layer in model.layers.indices {
            attention(layer, count, position)
            feedForward(layer, count)
        }
        guard firstLogits < count else { return }
        let rows = count - firstLogits
        let h = normed.reserve(rows * d)
        normalise(x + firstLogits * d, model.outputNorm, rows, into: h)
        let size = c.vocabularySize
        let result = projected.reserve(rows * size)
        runner.run([job(model.output, h, rows, result)])
        for row in 0..<rows { logits(UnsafeBufferPointer(start: result + row * size, count: size)) }
    }

    private func job(
        _ weights: WeightMatrix, _ input: UnsafeMutablePointer<Float>, _ tokens: Int,
        _ output: UnsafeMutablePointer<Float>
    ) -> MatrixJob {
        MatrixJob(
            weights: weights, input: UnsafePointer(input), inputStride: weights.columns, tokens: tokens,
            output: output, outputStride: weights.rows)
    }

    private func normalise(
        _ x: UnsafeMutablePointer<Float>, _ gain: UnsafePointer<Float>, _ rows: Int,
        into y: UnsafeMutablePointer<Float>
    ) {
        let d = c.embeddingLength
        for row in 0..<rows {
            InferenceKernels.rmsNorm(x + row * d, gain: gain, epsilon: c.rmsNormEpsilon, d, into: y + row * d)
        }
    }

    private func addProjected(_ count: Int) {
        let total = count * c.embeddingLength
        let x = stream.pointer
        let y = projected.pointer
        for index in 0..<total { x[index] += y[index] }
    }

    /// Angles of the tokens' positions.
    private func prepareRotation(_ position: Int, _ count: Int) {
        let pairs = c.rotaryLength / 2
        let cosines = cosines.reserve(count * pairs)
        let sines = sines.reserve(count * pairs)
        for pair in 0..<pairs {
            var frequency = pow(c.rotaryBase, -Double(2 * pair) / Double(c.rotaryLength))
            if let divisors = model.rotaryDivisors { frequency /= Double(divisors[pair]) }
            for token in 0..<count {
                let angle = Double(position + token) * frequency
                cosines[token * pairs + pair] = Float(cos(angle))
                sines[token * pairs + pair] = Float(sin(angle))
            }
        }
    }

    private func attention(_ index: Int, _ count: Int, _ position: Int) {
        let layer = model.layers[index]
        let d = c.embeddingLength
        let h = normed.reserve(count * d)
        normalise(stream.pointer, layer.attentionNorm, count, into: h)
        let q = queries.reserve(count * layer.query.rows)
        let width = cache.width
        let keys = cache.keys(index)
        let values = cache.values(index)
        runner.run([
            job(layer.query, h, count, q),
            job(layer.key, h, count, keys + position * width),
            job(layer.value, h, count, values + position * width),
        ])
        turn(q, heads: c.headCount, norm: layer.queryNorm, count)
        turn(keys + position * width, heads: c.keyValueHeadCount, norm: layer.keyNorm, count)

        let out = attended.reserve(count * layer.query.rows)
        let heads = c.headCount
        let work = WorkSplit(items: count * heads, costPerItem: 2 * (position + count) * c.headLength, pool: pool)
        let reach = position + count
        let space = scores.reserve(max(work.tasks, 1) * reach)
        pool.run(work.tasks) { task in
            for item in work.range(task) {
                attend(
                    query: q + item * c.headLength, head: item % heads, reach: position + item / heads + 1,
                    keys: keys, values: values, scores: space + task * reach, into: out + item * c.headLength)
            }
        }
        _ = projected.reserve(count * max(d, c.vocabularySize))
        runner.run([job(layer.attentionOutput, out, count, projected.pointer)])
        addProjected(count)
    }

    /// Normalises each head where the architecture asks for it, and rotates it.
    private func turn(_ rows: UnsafeMutablePointer<Float>, heads: Int, norm: UnsafePointer<Float>?, _ count: Int) {
        let length = c.headLength
        let pairs = c.rotaryLength / 2
        for token in 0..<count {
            for head in 0..<heads {
                let start = rows + (token * heads + head) * length
                if let norm {
                    InferenceKernels.rmsNorm(start, gain: norm, epsilon: c.rmsNormEpsilon, length, into: start)
                }
                InferenceKernels.rotate(
                    start, pairs: pairs, halves: c.rotatesHalves, cosines: cosines.pointer + token * pairs,
                    sines: sines.pointer + token * pairs)
            }
        }
    }

    /// One head of one token over the first `reach` tokens.
    private func attend(
        query: UnsafeMutablePointer<Float>, head: Int, reach: Int, keys: UnsafeMutablePointer<Float>,
        values: UnsafeMutablePointer<Float>, scores: UnsafeMutablePointer<Float>,
        into target: UnsafeMutablePointer<Float>
    ) {
        let length = c.headLength
        let offset = head / (c.headCount / c.keyValueHeadCount) * length
        let scale = 1 / Float(length).squareRoot()
        for index in 0..<reach {
            scores[index] =
                scale * InferenceKernels.dot(query, keys + index * cache.width + offset, length)
        }
        Canonical.softmax(scores, reach, into: scores)
        target.update(repeating: 0, count: length)
        for index in 0..<reach {
            InferenceKernels.add(
                values + index * cache.width + offset, times: scores[index], length, to: target)
        }
    }

    private func feedForward(_ index: Int, _ count: Int) {
        let layer = model.layers[index]
        let h = normed.reserve(count * c.embeddingLength)
        normalise(stream.pointer, layer.feedForwardNorm, count, into: h)
        experts.run(layer.feedForward, h, count, into: projected.pointer, runner: &runner)
        addProjected(count)
    }
}
