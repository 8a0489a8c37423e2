import FlowTraining

extension ChainParameters {
    /// Checks that the parameters can be a network; call it on whatever comes from a file.
    ///
    /// - Returns: the same value.
    /// - Throws: the first rule that is broken, with the field, what was expected and what was found.
    @discardableResult
    public func validated() throws(ChainParametersError) -> ChainParameters {
        try checkTexts()
        try checkShape(model, "model")
        try checkTraining()
        try checkChain()
        try checkGrowth()
        return self
    }

    private func checkTexts() throws(ChainParametersError) {
        let nameIsPlain = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard (1...32).contains(name.utf8.count), nameIsPlain else {
            throw .invalidText(field: "name", expected: "1 to 32 of a–z, 0–9 and -", actual: name)
        }
        let prefixIsPlain = addressPrefix.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        // 90 characters hold a program of 40 bytes (64 digits, version, separator, checksum) and 18 more.
        guard (1...16).contains(addressPrefix.utf8.count), prefixIsPlain else {
            throw .invalidText(field: "addressPrefix", expected: "1 to 16 of a–z", actual: addressPrefix)
        }
        guard genesisMessage.utf8.count <= 255 else {
            throw .invalidText(field: "genesisMessage", expected: "at most 255 bytes of UTF-8", actual: genesisMessage)
        }
    }

    /// - Parameter field: where the shape stands, for messages.
    func checkShape(_ model: ModelShape, _ field: String) throws(ChainParametersError) {
        do {
            try model.check(.network, bits: training.bits, field: field)
        } catch {
            throw ChainParametersError(error)
        }
    }

    private func checkTraining() throws(ChainParametersError) {
        try Self.check("training.stepsPerBlock", training.stepsPerBlock, 1, 4_096)
        try Self.check("training.firstPayingStep", training.firstPayingStep, 1, UInt64(training.stepsPerBlock))
        try Self.check("training.warmupSteps", training.warmupSteps, 1, 1_000_000)
        try Self.check(
            "training.balancingWeight", training.balancingWeight, UInt64(TrainingParameters.balancingWeights.lowerBound),
            UInt64(TrainingParameters.balancingWeights.upperBound))
        do { try training.bits.check("training") } catch { throw ChainParametersError(error) }
        guard let first = training.peakLearningRate.first, first.height == 0 else {
            throw .learningRateStages("the first stage must stand at height 0")
        }
        guard training.peakLearningRate.count <= 1_024 else {
            throw .learningRateStages("at most 1024 stages are allowed, found \(training.peakLearningRate.count)")
        }
        var previous: LearningRateStage?
        for stage in training.peakLearningRate {
            if let previous, stage.height <= previous.height {
                throw .learningRateStages("heights must ascend, but \(stage.height) follows \(previous.height)")
            }
            try Self.check(
                "training.peakLearningRate units", stage.units, UInt64(TrainingParameters.leastUnits), 1 << 20)
            previous = stage
        }
    }

    private func checkChain() throws(ChainParametersError) {
        guard let limit = powLimit.target, CompactTarget(limit) == powLimit else {
            throw .invalidTarget(bits: powLimit)
        }
        try Self.check("blockInterval", blockInterval, 1, 86_400)
        try Self.check("retargetPeriod", retargetPeriod, 2, 1_000_000)
        try Self.check("halvingInterval", halvingInterval, 1, UInt64(UInt32.max))
        try Self.check("replayBudget.sixteenCoreSeconds", replayBudget.sixteenCoreSeconds, 1, 86_400)
        try Self.check("replayBudget.twoCoreSeconds", replayBudget.twoCoreSeconds, 1, 86_400)
        // Seconds up to the year 9999.
        try Self.check("genesisTime", genesisTime, 1, 253_402_300_799)
        try Self.check("corpusLength", corpusLength, 1, 1 << 50)
        try checkLegalStarts(model)
    }

    func checkLegalStarts(_ model: ModelShape) throws(ChainParametersError) {
        let split = corpusSplit(model)
        guard split.isLongEnough else {
            throw .tooFewLegalStarts(needed: CorpusSplit.leastLegalStarts, actual: split.legalStarts)
        }
    }

    private static func check(
        _ field: String, _ value: some FixedWidthInteger & UnsignedInteger, _ least: UInt64, _ most: UInt64
    ) throws(ChainParametersError) {
        let actual = UInt64(value)
        guard actual >= least, actual <= most else {
            throw .outOfRange(field: field, least: least, most: most, actual: actual)
        }
    }
}
