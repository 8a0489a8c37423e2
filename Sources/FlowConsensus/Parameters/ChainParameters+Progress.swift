import FlowTraining

/// How far a chain's training has come.
public struct TrainingProgress: Sendable, Equatable {
    /// Training steps up to a height.
    public var steps: UInt64
    /// Tokens in them.
    public var tokens: UInt64
    /// The text in force for the next block, the first height at which it was, and how many of its bytes are trained on.
    public var corpus: CorpusReference
    public var corpusHeight: BlockHeight
    public var trainingBytes: UInt64
    /// Tokens trained on since then, a byte each.
    public var corpusTokens: UInt64
}

extension ChainParameters {
    /// What all blocks up to a height have trained. A block whose trajectory an invalid step ended counts as a whole one.
    public func trainingProgress(after height: BlockHeight) -> TrainingProgress {
        let next = height == .max ? height : height + 1
        func tokens(_ from: BlockHeight, _ through: BlockHeight) -> UInt64 {
            // Between two heights at which something changes every block trains on the same number of tokens.
            let changes = Set(amendments.list.map(\.height) + growthSchedule.map(\.height)).filter { $0 > from && $0 <= through }.sorted()
            var (sum, first): (UInt64, BlockHeight) = (0, from)
            for end in changes + [through == .max ? through : through + 1] where end > first {
                let shape = model(at: first)
                let perBlock = UInt64(training(at: first).stepsPerBlock)
                    .multipliedReportingOverflow(by: UInt64(shape.batchSize) * UInt64(shape.contextLength)).partialValue
                sum &+= perBlock &* UInt64(end - first)
                first = end
            }
            return sum
        }
        let corpusHeight = amendments.list.last { $0.corpus != nil && $0.height <= next }?.height ?? 1
        return TrainingProgress(
            steps: trainingSteps(before: next), tokens: height == 0 ? 0 : tokens(1, height), corpus: corpus(at: next), corpusHeight: corpusHeight,
            trainingBytes: corpusSplit(at: next).trainingLength, corpusTokens: corpusHeight <= height ? tokens(corpusHeight, height) : 0)
    }
}
