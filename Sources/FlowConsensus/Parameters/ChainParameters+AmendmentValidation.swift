extension ChainParameters {
    /// Checks the whole list of amendments, with the values that are in force at each of its heights and at each stage of growth.
    func checkAmendments() throws(ChainParametersError) {
        guard amendments.list.count <= Amendments.most else {
            throw .amendments("at most \(Amendments.most) are allowed, found \(amendments.list.count)")
        }
        var previous: BlockHeight = 1
        var before = self
        before.amendments = []
        for (index, amendment) in amendments.list.enumerated() {
            let field = "amendments[\(index)]"
            guard amendment.height > previous else {
                throw .amendments(
                    "heights must ascend from 2 on, but \(field) stands at \(amendment.height), expected more than \(previous)")
            }
            if retargets, amendment.height % retargetPeriod != 0 {
                throw .amendments(
                    "\(field) stands at height \(amendment.height), expected a multiple of the retarget period \(retargetPeriod)")
            }
            guard !amendment.fields.isEmpty else { throw .amendments("\(field) changes nothing; remove it") }
            try checkValues(of: amendment, field)
            try checkEndOfGrowth(amendment, model: before.model(at: amendment.height - 1), field)
            before.amendments.list.append(amendment)
            previous = amendment.height
        }
        let schedule = growthSchedule
        try checkGrowth(schedule) { "the stage at height \(schedule[$0].height), with all amendments," }
        for amendment in amendments.list { try checkLegalStarts(at: amendment.height) }
    }

    private func checkValues(of amendment: Amendment, _ field: String) throws(ChainParametersError) {
        try checkSteps(training(at: amendment.height), field)
        if let units = amendment.peakLearningRate {
            try Self.checkLearningRate(units, "\(field).peakLearningRate")
        }
        if let budget = amendment.replayBudget { try Self.checkBudget(budget, "\(field).replayBudget") }
        if let corpus = amendment.corpus { try Self.checkCorpusLength(corpus.length, "\(field).corpus.length") }
    }

    /// A growth with the model that is there already only takes planned stages away, so it states no cost.
    private func checkEndOfGrowth(_ amendment: Amendment, model: ModelShape, _ field: String) throws(ChainParametersError) {
        guard let growth = amendment.growth, growth.model == model, growth.costRatio != CostRatio(1) else { return }
        throw .amendments(
            "\(field).growth.costRatio is \(growth.costRatio.numerator)/\(growth.costRatio.denominator), expected 1/1 where the model stays")
    }
}
