extension ChainParameters {
    /// The networks that the software knows.
    public static let all: [ChainParameters] = [mainnet, testnet, regtest]

    private static let message =
        "White House calls for federal AI law to preempt states 21/Mar/2026 — FlowCoin: AI that no government controls"

    /// It plans as much growth as a step's measured costs allow (`Documentation/Scale.md`).
    public static let mainnet = ChainParameters(
        name: "mainnet", magic: 0xd5c0_0cf1, p2pPort: 9555, rpcPort: 9556, addressPrefix: "fl",
        model: ModelShape(
            embeddingLength: 512, layerCount: 8, headCount: 8, expertCount: 128, expertWidth: 512, contextLength: 256,
            batchSize: 32),
        growth: [
            GrowthStage(
                height: 124_992,
                model: ModelShape(
                    embeddingLength: 512, layerCount: 8, headCount: 8, expertCount: 256, expertWidth: 1_024, contextLength: 256,
                    batchSize: 32),
                costRatio: CostRatio(15, 8)),
        ],
        training: TrainingParameters(
            stepsPerBlock: 16, firstPayingStep: 4, initialisationSeed: 1_774_051_200,
            peakLearningRate: [LearningRateStage(height: 0, units: 1_024)], warmupSteps: 50),
        powLimit: CompactTarget(bits: 0x2001_ffff), retargets: true,
        corpusLength: GenesisConstants.embeddedCorpusLength, corpusRoot: GenesisConstants.embeddedCorpusRoot,
        genesisTime: 1_774_051_200, genesisMessage: message, genesisModelRoot: GenesisConstants.mainnetModelRoot)

    public static let testnet = ChainParameters(
        name: "testnet", magic: 0xd57e_0cf1, p2pPort: 19555, rpcPort: 19556, addressPrefix: "tfl",
        model: ModelShape(
            embeddingLength: 128, layerCount: 4, headCount: 4, expertCount: 16, expertWidth: 256, contextLength: 128,
            batchSize: 32),
        training: TrainingParameters(
            stepsPerBlock: 16, firstPayingStep: 4, initialisationSeed: 1_774_051_200,
            peakLearningRate: [LearningRateStage(height: 0, units: 1_024)], warmupSteps: 50),
        powLimit: CompactTarget(bits: 0x2007_ffff), retargets: true,
        corpusLength: GenesisConstants.embeddedCorpusLength, corpusRoot: GenesisConstants.embeddedCorpusRoot,
        genesisTime: 1_774_051_200, genesisMessage: message, genesisModelRoot: GenesisConstants.testnetModelRoot)

    public static let regtest = ChainParameters(
        name: "regtest", magic: 0xd52e_0cf1, p2pPort: 29555, rpcPort: 29556, addressPrefix: "rfl",
        model: ModelShape(
            embeddingLength: 64, layerCount: 2, headCount: 2, expertCount: 8, expertWidth: 128, contextLength: 64,
            batchSize: 32),
        training: TrainingParameters(
            stepsPerBlock: 8, firstPayingStep: 1, initialisationSeed: 1_774_051_200,
            peakLearningRate: [LearningRateStage(height: 0, units: 2_048)], warmupSteps: 8),
        powLimit: CompactTarget(bits: 0x201f_ffff), retargets: false,
        corpusLength: GenesisConstants.embeddedCorpusLength, corpusRoot: GenesisConstants.embeddedCorpusRoot,
        genesisTime: 1_774_051_200, genesisMessage: message, genesisModelRoot: GenesisConstants.regtestModelRoot)
}
