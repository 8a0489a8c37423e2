extension GGUFFile {
    /// Checks what the metadata says about the model and its tokenizer, as far as it says anything.
    ///
    /// Refused are values on which llama.cpp stops the process or goes on with nonsense: no layers, more experts used
    /// than there are, a norm epsilon that is not positive, a rotary base that is not positive, duplicate tokens,
    /// scores or token types of another type or length than the tokens, and special token ids out of range.
    ///
    /// - Parameter weights: also decode every tensor that can be decoded, and refuse infinities and undefined numbers.
    /// - Throws: ``GGUFError/missingKey(_:)``, ``GGUFError/unexpectedValue(key:expected:actual:offset:)``,
    ///   ``GGUFError/nonFinite(tensor:element:offset:)``.
    public func checkModel(weights: Bool = false) throws(GGUFError) {
        let architecture = try metadata.string(GGUFKey.architecture)
        try checkSizes(architecture)
        try checkTokenizer()
        if weights { try checkWeights() }
    }

    private func checkSizes(_ architecture: String) throws(GGUFError) {
        let positive = [
            "block_count", "context_length", "embedding_length", "attention.head_count", "attention.key_length",
            "attention.value_length", "vocab_size", "expert_feed_forward_length",
        ]
        let notNegative = [
            "feed_forward_length", "attention.head_count_kv", "expert_count", "expert_used_count",
            "rope.dimension_count",
        ]
        for key in positive { try checkIntegers("\(architecture).\(key)", from: 1) }
        for key in notNegative { try checkIntegers("\(architecture).\(key)", from: 0) }
        for key in ["attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon", "rope.freq_base"] {
            _ = try metadata.number("\(architecture).\(key)", above: 0, default: 1)
        }
        if let used = metadata.entry("\(architecture).expert_used_count"), let count = used.value.integer {
            let available = metadata["\(architecture).expert_count"]?.integer ?? 0
            guard count <= available else { throw used.unexpected("at most the number of experts, \(available)") }
            guard count > 0 || available == 0 else { throw used.unexpected("at least 1 of the \(available) experts") }
        }
        if let groups = metadata.entry("\(architecture).attention.head_count_kv"), let count = groups.value.integer,
            let heads = metadata["\(architecture).attention.head_count"]?.integer, count > 0 {
            guard heads % count == 0 else { throw groups.unexpected("a divisor of the number of heads, \(heads)") }
        }
    }

    /// An integer, or an array of integers with one for each layer.
    private func checkIntegers(_ key: String, from lowest: Int) throws(GGUFError) {
        guard let entry = metadata.entry(key) else { return }
        let values = entry.value.integer.map { [$0] } ?? entry.value.array?.integers
        guard let values, values.allSatisfy({ $0 >= lowest && $0 <= Int(Int32.max) }) else {
            throw entry.unexpected("an integer from \(lowest) to \(Int32.max)")
        }
    }

    private func checkTokenizer() throws(GGUFError) {
        guard let entry = metadata.entry(GGUFKey.tokens) else { return }
        guard let tokens = entry.value.strings, !tokens.isEmpty else { throw entry.unexpected("an array of strings") }
        var seen = NameTable()
        for index in tokens.indices {
            if let first = seen.insert(index, of: tokens) {
                throw GGUFError.unexpectedValue(
                    key: GGUFKey.tokens, expected: "tokens that differ",
                    actual: "the text of token \(first) again as token \(index)", offset: entry.offset)
            }
        }
        try checkLength(GGUFKey.scores, .float32, tokens.count)
        try checkLength(GGUFKey.tokenTypes, .int32, tokens.count)
        if let merges = metadata.entry(GGUFKey.merges), merges.value.strings == nil {
            throw merges.unexpected("an array of strings")
        }
        for entry in metadata where entry.key.hasPrefix("tokenizer.ggml.") && entry.key.hasSuffix("_token_id") {
            guard let id = entry.value.integer, tokens.indices.contains(id) else {
                throw entry.unexpected("a token id below \(tokens.count)")
            }
        }
    }

    private func checkLength(_ key: String, _ type: GGUFValueType, _ count: Int) throws(GGUFError) {
        guard let entry = metadata.entry(key) else { return }
        guard let array = entry.value.array, array.elementType == type, array.count == count else {
            throw entry.unexpected("an array of \(count) \(type) values, one for each token")
        }
    }

    private func checkWeights() throws(GGUFError) {
        for tensor in tensors where tensor.type.isDecodable && tensor.elementCount > 0 {
            let bytes = try bytes(of: tensor)
            // Decoded in pieces, so that memory stays small.
            let step = (1 << 12) / tensor.type.blockLength * tensor.type.blockByteCount
            for start in stride(from: 0, to: bytes.count, by: step) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + step, bytes.count)])
                let values = try GGUFCodec.decode(piece, type: tensor.type)
                guard let bad = values.firstIndex(where: { !$0.isFinite }) else { continue }
                let place = start + bad / tensor.type.blockLength * tensor.type.blockByteCount
                let element = start / tensor.type.blockByteCount * tensor.type.blockLength + bad
                throw GGUFError.nonFinite(
                    tensor: tensor.name, element: UInt64(element), offset: tensor.fileOffset + UInt64(place))
            }
        }
    }
}
