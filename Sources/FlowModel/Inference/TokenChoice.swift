internal import FlowTensor

/// A token that was drawn, and how probable the model held it and others.
///
/// Probabilities are the model's own, before penalties, biases and temperature.
public struct TokenChoice: Sendable, Equatable {
    public struct Candidate: Sendable, Equatable {
        public var token: Int
        /// Natural logarithm of the probability.
        public var logProbability: Float
    }

    public var token: Int
    /// Natural logarithm of the probability.
    public var logProbability: Float
    /// The most probable tokens, best first; ties by token.
    public var best: [Candidate]

    /// - Parameter count: how many of the most probable tokens to list.
    init(_ token: Int, logits: [Float], listing count: Int) {
        self = withCanonicalFloatingPoint { Self(weighing: token, logits, listing: count) }
    }

    private init(weighing token: Int, _ logits: [Float], listing count: Int) {
        let top = logits.lazy.filter(\.isFinite).max() ?? 0
        let sum = logits.reduce(0.0) { $1.isFinite ? $0 + Double(Canonical.exp($1 - top)) : $0 }
        let logSum = top + Canonical.log(Float(sum))
        self.token = token
        logProbability = logits.indices.contains(token) ? logits[token] - logSum : -.infinity
        best = []
        for (token, logit) in logits.enumerated() where count > 0 && logit.isFinite {
            let candidate = Candidate(token: token, logProbability: logit - logSum)
            if best.count == count, best[count - 1].logProbability >= candidate.logProbability { continue }
            let place = best.firstIndex { $0.logProbability < candidate.logProbability } ?? best.count
            if best.count == count { best.removeLast() }
            best.insert(candidate, at: place)
        }
    }
}
