/// What changes on a running chain from a height on (`Documentation/Protocol/Amendments.md`). What is nil stays as it was.
public struct Amendment: Hashable, Sendable, Codable {
    /// A stage of growth, or with the model that is in force already only an end to the stages that were planned.
    public struct Growth: Hashable, Sendable, Codable {
        public var model: ModelShape
        public var costRatio: CostRatio

        public init(model: ModelShape, costRatio: CostRatio) {
            self.model = model
            self.costRatio = costRatio
        }
    }

    /// The first block made under it.
    public var height: BlockHeight
    /// Takes the place of all stages planned for this height and above.
    public var growth: Growth?
    /// The peak of the learning rate in units of 2^−20; takes the place of all stages of the rate at this height and above.
    public var peakLearningRate: UInt32?
    public var corpus: CorpusReference?
    /// S: the most steps in one trajectory.
    public var stepsPerBlock: UInt32?
    /// k0: the first step that is a ticket.
    public var firstPayingStep: UInt32?
    public var replayBudget: ReplayBudget?

    public init(
        height: BlockHeight, growth: Growth? = nil, peakLearningRate: UInt32? = nil, corpus: CorpusReference? = nil,
        stepsPerBlock: UInt32? = nil, firstPayingStep: UInt32? = nil, replayBudget: ReplayBudget? = nil
    ) {
        self.height = height
        self.growth = growth
        self.peakLearningRate = peakLearningRate
        self.corpus = corpus
        self.stepsPerBlock = stepsPerBlock
        self.firstPayingStep = firstPayingStep
        self.replayBudget = replayBudget
    }
}
