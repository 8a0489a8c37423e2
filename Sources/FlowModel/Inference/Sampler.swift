internal import FlowTensor

/// Draws tokens from logits. The steps are taken in llama.cpp's order: biases, penalties, top-k, top-p, min-p,
/// temperature, draw.
struct Sampler: Sendable {
    let options: SamplingOptions
    private var state: UInt64
    private var candidates: [(token: Int, logit: Float)] = []

    init(_ options: SamplingOptions) {
        self.options = options
        state = options.seed
    }

    /// The next token; nil when no logit is finite.
    ///
    /// - Parameter recent: the tokens so far, the last of which the penalties concern.
    mutating func sample(_ logits: [Float], recent: some BidirectionalCollection<Int>) -> Int? {
        withCanonicalFloatingPoint { draw(logits, recent: recent) }
    }

    private mutating func draw(_ logits: [Float], recent: some BidirectionalCollection<Int>) -> Int? {
        candidates.removeAll(keepingCapacity: true)
        for (token, logit) in logits.enumerated() where logit.isFinite { candidates.append((token, logit)) }
        if !options.logitBias.isEmpty {
            for index in candidates.indices { candidates[index].logit += options.logitBias[candidates[index].token] ?? 0 }
        }
        penalise(recent)
        guard options.temperature > 0 else {
            return candidates.max { $0.logit < $1.logit || ($0.logit == $1.logit && $0.token > $1.token) }?.token
        }
        keepMostProbable()
        guard let best = candidates.first else { return nil }
        cutTail(below: best.logit)
        let weights = candidates.map { Canonical.exp(($0.logit - best.logit) / options.temperature) }
        var rest = uniform() * weights.reduce(0) { $0 + Double($1) }
        for (candidate, weight) in zip(candidates, weights) {
            rest -= Double(weight)
            if rest < 0 { return candidate.token }
        }
        return candidates.last?.token
    }

    private mutating func penalise(_ recent: some BidirectionalCollection<Int>) {
        guard options.penalises else { return }
        var counts: [Int: Int] = [:]
        for token in recent.suffix(options.repetitionWindow) { counts[token, default: 0] += 1 }
        let penalty = options.repetitionPenalty > 0 ? options.repetitionPenalty : 1
        for index in candidates.indices {
            guard let count = counts[candidates[index].token] else { continue }
            let logit = candidates[index].logit
            candidates[index].logit = (logit > 0 ? logit / penalty : logit * penalty)
                - options.presencePenalty - Float(count) * options.frequencyPenalty
        }
    }

    /// Orders candidates by falling logit, ties by token, and keeps the first `topK`.
    private mutating func keepMostProbable() {
        func isBetter(_ a: (token: Int, logit: Float), _ b: (token: Int, logit: Float)) -> Bool {
            a.logit > b.logit || (a.logit == b.logit && a.token < b.token)
        }
        let k = options.topK
        guard k > 0, k < candidates.count else {
            candidates.sort(by: isBetter)
            return
        }
        // A small sorted list is cheaper than sorting a large vocabulary.
        var best = candidates[..<k].sorted(by: isBetter)
        for candidate in candidates[k...] where isBetter(candidate, best[k - 1]) {
            var place = k - 1
            while place > 0, isBetter(candidate, best[place - 1]) {
                best[place] = best[place - 1]
                place -= 1
            }
            best[place] = candidate
        }
        candidates = best
    }

    /// Applies top-p and min-p to ordered candidates.
    private mutating func cutTail(below best: Float) {
        guard options.topP < 1 || options.minP > 0 else { return }
        let weights = candidates.map { Canonical.exp($0.logit - best) }
        var keep = candidates.count
        if options.topP < 1 {
            let wanted = Double(max(options.topP, 0)) * weights.reduce(0) { $0 + Double($1) }
            var sum = 0.0
            for (index, weight) in weights.enumerated() {
                sum += Double(weight)
                if sum >= wanted {
                    keep = index + 1
                    break
                }
            }
        }
        if options.minP > 0 {
            let first = weights.firstIndex { $0 < options.minP } ?? weights.count
            keep = min(keep, max(first, 1))
        }
        candidates.removeLast(candidates.count - keep)
    }

    /// SplitMix64, as a number from 0 up to 1.
    private mutating func uniform() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }
}
