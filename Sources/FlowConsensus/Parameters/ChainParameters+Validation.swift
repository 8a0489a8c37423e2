extension ChainParameters {
    /// The fewest training windows that a corpus must offer.
    public static let leastLegalStarts: UInt64 = 65_536
    /// The fewest tokens that an expert sees in a step, on average.
    public static let leastTokensPerExpert: UInt64 = 16

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
        try Self.check("\(field).embeddingLength", model.embeddingLength, 32, 16_384)
        try Self.check("\(field).layerCount", model.layerCount, 1, 256)
        try Self.check("\(field).headCount", model.headCount, 1, 1_024)
        try Self.check("\(field).expertCount", model.expertCount, 2, 65_536)
        try Self.check("\(field).expertsPerToken", model.expertsPerToken, 2, 2)
        try Self.check("\(field).expertWidth", model.expertWidth, 32, 65_536)
        try Self.check("\(field).contextLength", model.contextLength, 2, 8_192)
        try Self.check("\(field).batchSize", model.batchSize, 1, 4_096)
        // Rows of quantised weights come in blocks of 32.
        try Self.checkMultiple("\(field).embeddingLength", model.embeddingLength, of: 32)
        try Self.checkMultiple("\(field).expertWidth", model.expertWidth, of: 32)
        try Self.checkMultiple("\(field).embeddingLength", model.embeddingLength, of: model.headCount)
        let headLength = model.embeddingLength / model.headCount
        try Self.check("head length of \(field) (embeddingLength / headCount)", headLength, 4, 16_384)
        guard headLength.nonzeroBitCount == 1 else {
            throw .notPowerOfTwo(field: "head length of \(field) (embeddingLength / headCount)", actual: UInt64(headLength))
        }
        // An exact product sums over at most 2^17 rows at 8 bits and 2^15 above.
        let widestBits = max(training.linearBits, training.attentionBits, training.routerBits)
        try Self.check("tokens a step of \(field)", model.tokensPerStep, 1, widestBits <= 8 ? 131_072 : 32_768)
        try Self.check("number of weights of \(field)", model.parameterCount, 1, 1 << 40)
        let perExpert = model.tokensPerStep * UInt64(model.expertsPerToken) / UInt64(model.expertCount)
        guard perExpert >= Self.leastTokensPerExpert else {
            throw .tooFewTokensPerExpert(needed: Self.leastTokensPerExpert, actual: perExpert)
        }
    }

    private func checkTraining() throws(ChainParametersError) {
        // All first steps of a block start from the same weights, so where work decides they are no tickets.
        let first: UInt64 = retargets ? 2 : 1
        try Self.check("training.stepsPerBlock", training.stepsPerBlock, first, 4_096)
        try Self.check("training.firstPayingStep", training.firstPayingStep, first, UInt64(training.stepsPerBlock))
        try Self.check("training.warmupSteps", training.warmupSteps, 1, 1_000_000)
        try Self.check("training.balancingWeight", training.balancingWeight, 0, 1_000_000)
        try Self.check("training.linearBits", training.linearBits, 2, 16)
        try Self.check("training.attentionBits", training.attentionBits, 2, 16)
        try Self.check("training.routerBits", training.routerBits, 2, 16)
        guard training.peakLearningRate.first?.height == 0 else {
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
        // The least spacing must be at least a second, so that times ascend.
        try Self.check("blockInterval", blockInterval, retargets ? UInt64(TimeRules.blocksPerInterval) : 1, 86_400)
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
        let starts = legalStarts(contextLength: model.contextLength)
        guard starts >= Self.leastLegalStarts else {
            throw .tooFewLegalStarts(needed: Self.leastLegalStarts, actual: starts)
        }
    }

    static func check(
        _ field: String, _ value: some FixedWidthInteger & UnsignedInteger, _ least: UInt64, _ most: UInt64
    ) throws(ChainParametersError) {
        let actual = UInt64(value)
        guard actual >= least, actual <= most else {
            throw .outOfRange(field: field, least: least, most: most, actual: actual)
        }
    }

    private static func checkMultiple(
        _ field: String, _ value: UInt32, of divisor: UInt32
    ) throws(ChainParametersError) {
        guard divisor > 0, value % divisor == 0 else {
            throw .notDivisible(field: field, divisor: UInt64(divisor), actual: UInt64(value))
        }
    }
}
