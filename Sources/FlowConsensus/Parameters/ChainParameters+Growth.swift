public import FlowTraining

extension ChainParameters {
    /// The model that the block at `height` trains.
    ///
    /// The weights after a block have the shape of the next height: they are what the next block starts from.
    public func model(at height: BlockHeight) -> ModelShape {
        growth.last { $0.height <= height }?.model ?? model
    }

    /// The stage that begins with the block at `height`; nil where the model stays as it is.
    public func growthStage(beginningAt height: BlockHeight) -> GrowthStage? {
        growth.first { $0.height == height }
    }

    /// Checks that each stage is a model which the one before can grow into.
    func checkGrowth() throws(ChainParametersError) {
        guard growth.count <= 1_024 else {
            throw .growthStages("at most 1024 stages are allowed, found \(growth.count)")
        }
        var previous = GrowthStage(height: 1, model: model, costRatio: CostRatio(1))
        for (index, stage) in growth.enumerated() {
            let field = "growth[\(index)]"
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
            try checkLegalStarts(stage.model)
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
