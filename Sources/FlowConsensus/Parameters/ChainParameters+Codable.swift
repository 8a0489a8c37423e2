import FlowCrypto

extension ChainParameters: Codable {
    enum CodingKeys: String, CodingKey {
        case name, magic, p2pPort, rpcPort, addressPrefix, model, growth, training, powLimit, retargets, blockInterval
        case retargetPeriod, halvingInterval, corpusLength, corpusRoot, replayBudget, genesisTime, genesisMessage
        case genesisModelRoot, amendments
    }

    /// Reads the form that `encode(to:)` writes. `magic` and `powLimit` are eight hexadecimal digits, hashes are in their printed
    /// form; `growth` and `amendments` may be left out. The values are not checked: call `validated()`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name),
            magic: try Self.word(values, .magic),
            p2pPort: try values.decode(UInt16.self, forKey: .p2pPort),
            rpcPort: try values.decode(UInt16.self, forKey: .rpcPort),
            addressPrefix: try values.decode(String.self, forKey: .addressPrefix),
            model: try values.decode(ModelShape.self, forKey: .model),
            growth: try values.decodeIfPresent([GrowthStage].self, forKey: .growth) ?? [],
            training: try values.decode(TrainingParameters.self, forKey: .training),
            powLimit: CompactTarget(bits: try Self.word(values, .powLimit)),
            retargets: try values.decode(Bool.self, forKey: .retargets),
            blockInterval: try values.decode(UInt32.self, forKey: .blockInterval),
            retargetPeriod: try values.decode(UInt32.self, forKey: .retargetPeriod),
            halvingInterval: try values.decode(UInt32.self, forKey: .halvingInterval),
            corpusLength: try values.decode(UInt64.self, forKey: .corpusLength),
            corpusRoot: try values.decode(Hash256.self, forKey: .corpusRoot),
            replayBudget: try values.decode(ReplayBudget.self, forKey: .replayBudget),
            genesisTime: try values.decode(UInt64.self, forKey: .genesisTime),
            genesisMessage: try values.decode(String.self, forKey: .genesisMessage),
            genesisModelRoot: try values.decode(Hash256.self, forKey: .genesisModelRoot),
            amendments: try values.decodeIfPresent(Amendments.self, forKey: .amendments) ?? [])
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(CompactTarget(bits: magic).description, forKey: .magic)
        try values.encode(p2pPort, forKey: .p2pPort)
        try values.encode(rpcPort, forKey: .rpcPort)
        try values.encode(addressPrefix, forKey: .addressPrefix)
        try values.encode(model, forKey: .model)
        if !growth.isEmpty { try values.encode(growth, forKey: .growth) }
        try values.encode(training, forKey: .training)
        try values.encode(powLimit.description, forKey: .powLimit)
        try values.encode(retargets, forKey: .retargets)
        try values.encode(blockInterval, forKey: .blockInterval)
        try values.encode(retargetPeriod, forKey: .retargetPeriod)
        try values.encode(halvingInterval, forKey: .halvingInterval)
        try values.encode(corpusLength, forKey: .corpusLength)
        try values.encode(corpusRoot, forKey: .corpusRoot)
        try values.encode(replayBudget, forKey: .replayBudget)
        try values.encode(genesisTime, forKey: .genesisTime)
        try values.encode(genesisMessage, forKey: .genesisMessage)
        try values.encode(genesisModelRoot, forKey: .genesisModelRoot)
        if !amendments.list.isEmpty { try values.encode(amendments, forKey: .amendments) }
    }

    private static func word(_ values: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) throws -> UInt32 {
        let text = try values.decode(String.self, forKey: key)
        guard text.utf8.count == 8, !text.hasPrefix("+"), let word = UInt32(text, radix: 16) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: values,
                debugDescription: "\(key.stringValue) must be eight hexadecimal digits such as \"2001ffff\", found \"\(text)\"")
        }
        return word
    }
}
