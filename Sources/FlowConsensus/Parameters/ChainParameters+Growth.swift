public import FlowTraining

extension ChainParameters {
    /// The model that the block at `height` trains.
    ///
    /// The weights after a block have the shape of the next height: they are what the next block starts from.
    public func model(at height: BlockHeight) -> ModelShape {
        growthSchedule.last { $0.height <= height }?.model ?? model
    }

    /// The stage that begins with the block at `height`; nil where the model stays as it is.
    func growthStage(beginningAt height: BlockHeight) -> GrowthStage? {
        growthSchedule.first { $0.height == height }
    }

    /// Checks that each stage is a model which the one before can grow into.
    ///
    /// - Parameter name: what messages call the stage with this index.
    func checkGrowth(
        _ stages: [GrowthStage], named name: (Int) -> String
    ) throws(ChainParametersError) {
        guard stages.count <= 1_024 else {
            throw .growthStages("at most 1024 stages are allowed, found \(stages.count)")
        }
        var previous = GrowthStage(height: 1, model: model, costRatio: CostRatio(1))
        for (index, stage) in stages.enumerated() {
            let field = name(index)
            // The block at height 1 trains the model that the network starts with.
            guard stage.height > previous.height else {
                throw .growthStages(
                    "heights must ascend from 2 on, but \(field) stands at \(stage.height), expected more than \(previous.height)")
            }
            if retargets, stage.height % retargetPeriod != 0 {
                throw .growthStages(
                    "\(field) stands at height \(stage.height), expected a multiple of the retarget period \(retargetPeriod)")
            }
            try checkShape(stage.model, "\(field).model")
            guard stage.model != previous.model else { throw .growthStages("\(field).model is the model that it grows from") }
            do {
                try previous.model.checkGrowth(into: stage.model, field: "\(field).model")
            } catch {
                throw ChainParametersError(error)
            }
            try checkLegalStarts(at: stage.height)
            let ratio = stage.costRatio
            guard ratio.denominator > 0, ratio.numerator >= ratio.denominator,
                UInt64(ratio.numerator) <= CostRatio.most * UInt64(ratio.denominator)
            else {
                throw .growthStages(
                    "\(field).costRatio is \(ratio.numerator)/\(ratio.denominator), expected a fraction from 1 to \(CostRatio.most)")
            }
            previous = stage
        }
    }
}
