extension ModelShape {
    /// Checks that this model can grow into another in one stage (Growth.md): no size shrinks; the embedding stays or doubles, with
    /// the head length as it was; layers, experts and their width at most double; and a stage that adds layers leaves embedding and
    /// width, so that no new part has a twin.
    ///
    /// - Parameter field: where the larger shape stands, for messages.
    /// - Throws: ``ModelShapeError`` for the first size that does not fit.
    public func checkGrowth(into larger: ModelShape, field: String = "model") throws(ModelShapeError) {
        func range(_ name: String, _ old: UInt32, _ new: UInt32, _ most: UInt64) throws(ModelShapeError) {
            try ModelShapeError.check("\(field).\(name)", UInt64(new), UInt64(old)...max(most, UInt64(old)))
        }
        guard larger.embeddingLength == embeddingLength || UInt64(larger.embeddingLength) == 2 * UInt64(embeddingLength) else {
            throw .growth(
                field: "\(field).embeddingLength", expected: "\(embeddingLength) or twice that", actual: UInt64(larger.embeddingLength))
        }
        guard larger.headLength == headLength else {
            throw .growth(
                field: "\(field).headCount", expected: "heads of length \(headLength) as before", actual: UInt64(larger.headCount))
        }
        try range("layerCount", layerCount, larger.layerCount, 2 * UInt64(layerCount))
        try range("expertCount", expertCount, larger.expertCount, 2 * UInt64(expertCount))
        try range("expertsPerToken", expertsPerToken, larger.expertsPerToken, UInt64(expertsPerToken))
        try range("expertWidth", expertWidth, larger.expertWidth, 2 * UInt64(expertWidth))
        // All that a copied layer says is silent at first, so copies inside of it would stay twins.
        if larger.layerCount > layerCount {
            let separately = "where layers are added; use two stages, one for each"
            guard larger.embeddingLength == embeddingLength else {
                throw .growth(
                    field: "\(field).embeddingLength", expected: "\(embeddingLength) \(separately)", actual: UInt64(larger.embeddingLength))
            }
            guard larger.expertWidth == expertWidth else {
                throw .growth(field: "\(field).expertWidth", expected: "\(expertWidth) \(separately)", actual: UInt64(larger.expertWidth))
            }
        }
        try range("contextLength", contextLength, larger.contextLength, UInt64(UInt32.max))
        try range("batchSize", batchSize, larger.batchSize, UInt64(UInt32.max))
    }
}
