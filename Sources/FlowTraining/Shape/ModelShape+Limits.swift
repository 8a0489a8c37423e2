extension ModelShape {
    /// Checks that the sizes are a model within limits.
    ///
    /// - Parameters:
    ///   - bits: of the quantisers; more than 8 allow fewer tokens a step.
    ///   - vocabularySize: the number of tokens that the model knows.
    ///   - field: where the shape stands, for messages.
    /// - Throws: ``ModelShapeError`` for the first size that does not fit.
    public func check(
        _ limits: ModelLimits, bits: QuantiserBits, vocabularySize: UInt32 = Self.vocabularySize, field: String = "model"
    ) throws(ModelShapeError) {
        typealias Failure = ModelShapeError
        try Failure.check("\(field).vocabularySize", UInt64(vocabularySize), limits.vocabularySize)
        try Failure.check("\(field).embeddingLength", UInt64(embeddingLength), limits.embeddingLength)
        try Failure.check("\(field).layerCount", UInt64(layerCount), limits.layerCount)
        try Failure.check("\(field).headCount", UInt64(headCount), limits.headCount)
        try Failure.check("\(field).expertCount", UInt64(expertCount), limits.expertCount)
        try Failure.check("\(field).expertsPerToken", UInt64(expertsPerToken), limits.expertsPerToken)
        try Failure.check("\(field).expertWidth", UInt64(expertWidth), limits.expertWidth)
        try Failure.check("\(field).contextLength", UInt64(contextLength), limits.contextLength)
        try Failure.check("\(field).batchSize", UInt64(batchSize), limits.batchSize)
        try Failure.check("\(field).embeddingLength", embeddingLength, multipleOf: limits.rowMultiple)
        try Failure.check("\(field).expertWidth", expertWidth, multipleOf: limits.rowMultiple)
        try Failure.check("\(field).embeddingLength", embeddingLength, multipleOf: headCount)
        let (head, headField) = (headLength, "head length of \(field) (embeddingLength / headCount)")
        try Failure.check(headField, UInt64(head), limits.headLength)
        guard head.nonzeroBitCount == 1 else { throw .notPowerOfTwo(field: headField, actual: UInt64(head)) }
        let mostTokens = bits.widest <= 8 ? limits.tokensPerStep : limits.tokensPerWideStep
        try Failure.check("tokens a step of \(field)", tokensPerStep, 1...mostTokens)
        try Failure.check(
            "number of weights of \(field)", parameterCount(vocabularySize: vocabularySize), 1...limits.parameterCount)
        let perExpert = tokensPerStep * UInt64(expertsPerToken) / UInt64(expertCount)
        guard perExpert >= limits.tokensPerExpert else {
            throw .tooFewTokensPerExpert(needed: limits.tokensPerExpert, actual: perExpert)
        }
    }
}
