public import FlowCrypto
public import FlowTraining

/// The values in force at a height: those of the parameters, changed by the amendments up to there.
extension ChainParameters {
    /// Names the rules at a height; zero where no amendment is in force.
    public func rulesRoot(at height: BlockHeight) -> Hash256 { amendments.rulesRoot(at: height) }

    /// The seed of the training of a block with this header.
    public func workSeed(of header: BlockHeader) -> Hash256 { header.workSeed(rulesRoot: rulesRoot(at: header.height)) }

    /// Every stage of growth that happens, in ascending height: those of the parameters, and those of amendments in the place of
    /// what was planned for their heights and above.
    public var growthSchedule: [GrowthStage] {
        var stages = growth
        for amendment in amendments.list {
            guard let change = amendment.growth else { continue }
            while let last = stages.last, last.height >= amendment.height { stages.removeLast() }
            guard change.model != stages.last?.model ?? model else { continue }
            stages.append(GrowthStage(height: amendment.height, model: change.model, costRatio: change.costRatio))
        }
        return stages
    }

    /// The stages of the learning rate, likewise.
    var learningRateSchedule: [LearningRateStage] {
        var stages = training.peakLearningRate
        for amendment in amendments.list {
            guard let units = amendment.peakLearningRate else { continue }
            while let last = stages.last, last.height >= amendment.height { stages.removeLast() }
            stages.append(LearningRateStage(height: amendment.height, units: units))
        }
        return stages
    }

    /// How the block at `height` trains.
    public func training(at height: BlockHeight) -> TrainingParameters {
        var training = training
        training.peakLearningRate = learningRateSchedule
        for amendment in amendments.inForce(at: height) {
            training.stepsPerBlock = amendment.stepsPerBlock ?? training.stepsPerBlock
            training.firstPayingStep = amendment.firstPayingStep ?? training.firstPayingStep
        }
        return training
    }

    /// The learning rate's clock: the steps of all blocks below a height, S each. A block whose trajectory an invalid step ended counts S too,
    /// so that the clock follows from the height alone.
    public func trainingSteps(before height: BlockHeight) -> UInt64 {
        guard height > 1 else { return 0 }
        var (steps, first, perBlock) = (UInt64(0), BlockHeight(1), UInt64(training.stepsPerBlock))
        // Both factors are below 2^32, and the sum goes over at most 2^32 blocks.
        for amendment in amendments.inForce(at: height - 1) {
            guard let changed = amendment.stepsPerBlock, amendment.height > first else { continue }
            steps &+= UInt64(amendment.height - first) &* perBlock
            (first, perBlock) = (amendment.height, UInt64(changed))
        }
        return steps &+ UInt64(height - first) &* perBlock
    }

    /// The learning rates of the block at a height in units of 2^−20, first step first; S numbers.
    public func learningRateUnits(at height: BlockHeight) -> [UInt32] {
        let (training, before) = (training(at: height), trainingSteps(before: height))
        return (0..<UInt64(training.stepsPerBlock)).map { training.learningRateUnits(height: height, stepsBefore: before &+ $0) }
    }

    /// The text whose windows the block at `height` trains on.
    public func corpus(at height: BlockHeight) -> CorpusReference {
        amendments.inForce(at: height).reduce(CorpusReference(length: corpusLength, root: corpusRoot)) { $1.corpus ?? $0 }
    }

    func replayBudget(at height: BlockHeight) -> ReplayBudget {
        amendments.inForce(at: height).reduce(replayBudget) { $1.replayBudget ?? $0 }
    }

    /// How the corpus falls into parts for the windows of the model at a height.
    func corpusSplit(at height: BlockHeight) -> CorpusSplit {
        CorpusSplit(length: corpus(at: height).length, contextLength: model(at: height).contextLength)
    }
}
