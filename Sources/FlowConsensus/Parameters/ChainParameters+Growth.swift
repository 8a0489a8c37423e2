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
            try Self.checkStep(from: previous.model, to: stage.model, "\(field).model")
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

    /// No size shrinks, at least one grows; the embedding stays or doubles with the head length as it was; layers, experts and
    /// their width at most double, and a stage that adds layers leaves embedding and width: so no new part has a twin.
    private static func checkStep(
        from old: ModelShape, to new: ModelShape, _ field: String
    ) throws(ChainParametersError) {
        func range(_ name: String, _ old: UInt32, _ new: UInt32, _ most: UInt64) throws(ChainParametersError) {
            try check("\(field).\(name)", new, UInt64(old), most)
        }
        guard new != old else { throw .growthStages("\(field) is the model that it grows from") }
        guard new.embeddingLength == old.embeddingLength || UInt64(new.embeddingLength) == 2 * UInt64(old.embeddingLength) else {
            throw .growthStages(
                "\(field).embeddingLength is \(new.embeddingLength), expected \(old.embeddingLength) or twice that")
        }
        guard new.embeddingLength / new.headCount == old.embeddingLength / old.headCount else {
            throw .growthStages(
                "\(field).headCount is \(new.headCount), expected heads of length \(old.embeddingLength / old.headCount) as before")
        }
        try range("layerCount", old.layerCount, new.layerCount, 2 * UInt64(old.layerCount))
        try range("expertCount", old.expertCount, new.expertCount, 2 * UInt64(old.expertCount))
        try range("expertWidth", old.expertWidth, new.expertWidth, 2 * UInt64(old.expertWidth))
        if new.layerCount > old.layerCount {
            guard new.embeddingLength == old.embeddingLength, new.expertWidth == old.expertWidth else {
                throw .growthStages(
                    "\(field) adds layers and grows embeddingLength or expertWidth, expected two stages, one for each")
            }
        }
        try range("contextLength", old.contextLength, new.contextLength, UInt64(UInt32.max))
        try range("batchSize", old.batchSize, new.batchSize, UInt64(UInt32.max))
    }
}
