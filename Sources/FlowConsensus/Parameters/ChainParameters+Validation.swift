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
        // What the genesis block commits to stands by itself.
        var unamended = self
        unamended.amendments = []
        try unamended.checkLegalStarts(at: 0)
        try unamended.checkGrowth(growth) { "growth[\($0)]" }
        try checkAmendments()
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
        try checkSteps(training, "training")
        try Self.check("training.warmupSteps", training.warmupSteps, 1, 1_000_000)
        try Self.check(
            "training.balancingWeight", training.balancingWeight, UInt64(TrainingParameters.balancingWeights.lowerBound),
            UInt64(TrainingParameters.balancingWeights.upperBound))
        do { try training.bits.check("training") } catch { throw ChainParametersError(error) }
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
            try Self.checkLearningRate(stage.units, "training.peakLearningRate units")
            previous = stage
        }
    }

    func checkSteps(_ training: TrainingParameters, _ field: String) throws(ChainParametersError) {
        // All first steps of a block start from the same weights, so where work decides they are no tickets.
        let first: UInt64 = retargets ? 2 : 1
        try Self.check("\(field).stepsPerBlock", training.stepsPerBlock, first, 4_096)
        try Self.check("\(field).firstPayingStep", training.firstPayingStep, first, UInt64(training.stepsPerBlock))
    }

    static func checkLearningRate(_ units: UInt32, _ field: String) throws(ChainParametersError) {
        try check(field, units, UInt64(TrainingParameters.leastUnits), 1 << 20)
    }

    static func checkBudget(_ budget: ReplayBudget, _ field: String) throws(ChainParametersError) {
        try check("\(field).sixteenCoreSeconds", budget.sixteenCoreSeconds, 1, 86_400)
        try check("\(field).twoCoreSeconds", budget.twoCoreSeconds, 1, 86_400)
    }

    static func checkCorpusLength(_ length: UInt64, _ field: String) throws(ChainParametersError) {
        try check(field, length, 1, 1 << 50)
    }

    private func checkChain() throws(ChainParametersError) {
        guard let limit = powLimit.target, CompactTarget(limit) == powLimit else {
            throw .invalidTarget(bits: powLimit)
        }
        // The least spacing must be at least a second, so that times ascend.
        try Self.check("blockInterval", blockInterval, retargets ? UInt64(ConsensusLimits.blocksPerInterval) : 1, 86_400)
        try Self.check("retargetPeriod", retargetPeriod, 2, 1_000_000)
        try Self.check("halvingInterval", halvingInterval, 1, UInt64(UInt32.max))
        try Self.checkBudget(replayBudget, "replayBudget")
        // Seconds up to the year 9999.
        try Self.check("genesisTime", genesisTime, 1, 253_402_300_799)
        try Self.checkCorpusLength(corpusLength, "corpusLength")
    }

    func checkLegalStarts(at height: BlockHeight) throws(ChainParametersError) {
        let split = corpusSplit(at: height)
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
