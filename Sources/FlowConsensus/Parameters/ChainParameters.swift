public import FlowCrypto
public import FlowTraining

/// Everything that makes a network: two nodes with equal parameters are on the same chain.
///
/// Anybody can launch a network: take one of the built-in values or a JSON file, change it, and call `validated()`.
/// All consensus values enter the genesis hash, so two different networks never share a block.
public struct ChainParameters: Hashable, Sendable {
    public var name: String
    /// The first four bytes of each message between peers, as a little-endian number.
    public var magic: UInt32
    /// Default ports; no part of the genesis hash.
    public var p2pPort: UInt16
    public var rpcPort: UInt16
    /// The human-readable part of addresses.
    public var addressPrefix: String
    /// The model that the chain starts with.
    public var model: ModelShape
    /// The larger models that it grows into, in ascending height; empty on a network whose model keeps its size.
    public var growth: [GrowthStage]
    public var training: TrainingParameters
    /// The easiest target, and the first one.
    public var powLimit: CompactTarget
    /// False on a network whose target never moves.
    public var retargets: Bool
    /// The intended seconds between blocks.
    public var blockInterval: UInt32
    /// Blocks between two retargets.
    public var retargetPeriod: UInt32
    /// Blocks between two halvings of the subsidy.
    public var halvingInterval: UInt32
    /// The length of the corpus in bytes.
    public var corpusLength: UInt64
    public var corpusRoot: Hash256
    public var replayBudget: ReplayBudget
    /// Seconds since 1970.
    public var genesisTime: UInt64
    /// The data of the genesis block's coinbase; at most 100 bytes as UTF-8.
    public var genesisMessage: String
    /// The root of the first weights.
    public var genesisModelRoot: Hash256
    /// What changes on the running chain; no part of the genesis hash.
    public var amendments: Amendments

    init(
        name: String, magic: UInt32, p2pPort: UInt16, rpcPort: UInt16, addressPrefix: String, model: ModelShape,
        growth: [GrowthStage] = [], training: TrainingParameters, powLimit: CompactTarget, retargets: Bool, blockInterval: UInt32 = 600,
        retargetPeriod: UInt32 = 2_016, halvingInterval: UInt32 = 210_000, corpusLength: UInt64, corpusRoot: Hash256,
        replayBudget: ReplayBudget = ReplayBudget(), genesisTime: UInt64, genesisMessage: String,
        genesisModelRoot: Hash256, amendments: Amendments = []
    ) {
        self.name = name
        self.magic = magic
        self.p2pPort = p2pPort
        self.rpcPort = rpcPort
        self.addressPrefix = addressPrefix
        self.model = model
        self.growth = growth
        self.training = training
        self.powLimit = powLimit
        self.retargets = retargets
        self.blockInterval = blockInterval
        self.retargetPeriod = retargetPeriod
        self.halvingInterval = halvingInterval
        self.corpusLength = corpusLength
        self.corpusRoot = corpusRoot
        self.replayBudget = replayBudget
        self.genesisTime = genesisTime
        self.genesisMessage = genesisMessage
        self.genesisModelRoot = genesisModelRoot
        self.amendments = amendments
    }

    /// The same network on another corpus: another chain, with a genesis block of its own.
    public func with(corpusRoot: Hash256, length: UInt64) -> ChainParameters {
        var copy = self
        copy.corpusRoot = corpusRoot
        copy.corpusLength = length
        return copy
    }

    /// The intended seconds of one retarget period.
    var retargetTimespan: UInt64 { UInt64(blockInterval) * UInt64(retargetPeriod) }

    /// The new money at a height.
    public func subsidy(at height: BlockHeight) -> Amount {
        Subsidy.amount(height: height, halvingInterval: halvingInterval)
    }

}
