public import FlowConsensus
import Foundation

/// The miners of a network from its first block on, in virtual time. Targets, retargets and the lowest times are the library's, and
/// every header passes its validator; drawn is only which ticket wins.
///
/// Blocks reach everybody at once. A miner without the weights of the newest block gets them before it mines: whoever found it
/// finishes the trajectory, the others replay it, each at its own speed.
public struct FreshNetwork {
    public var parameters: ChainParameters
    /// Training steps a second of each miner.
    public var miners: [Double]
    /// Whether a block's time must be a tenth of the interval above its parent's, as `time-too-soon` demands. Without it only the
    /// median of the last eleven times holds, as on a network that does not retarget.
    public var keepsLeastSpacing = true
    /// Whether a block's training goes on to S after the winning step; otherwise it ends there.
    public var trainsToTheEnd = true
    /// How far ahead of their clock miners write times where the rules ask for one, in seconds.
    public var ahead = TimeRules.futureAllowance
    /// Seconds from the genesis block's time to the moment when the miners begin.
    public var genesisAge: UInt64 = 0

    public init(parameters: ChainParameters, miners: [Double]) {
        self.parameters = parameters
        self.miners = miners
    }

    /// A block when it came.
    public struct FoundBlock {
        public let height: BlockHeight
        /// Seconds since the miners began.
        public let found: Double
        /// Seconds by which its header's time is ahead of the clock then.
        public let ahead: Double
        public let bits: CompactTarget
        /// Steps that everybody else takes to have its weights.
        public let replayedSteps: Int
    }

    /// All blocks up to `seconds` after the miners began.
    public func blocks(seconds: Double, seed: UInt64) throws -> [FoundBlock] {
        var generator = SplitMix64(seed: seed)
        var chain = HeaderChain(genesis: parameters.genesisBlock.header)
        chain.parentResultRoot = nil  // nobody trains here
        let validator = BlockValidator(parameters: parameters)
        var ready = miners.map { _ in 0.0 }
        var blocks: [FoundBlock] = []
        while true {
            let height = chain.parent.height + 1
            let training = parameters.training(at: height)
            let (all, first) = (Int(training.stepsPerBlock), Int(training.firstPayingStep))
            let bits = try chain.expectedBits(parameters)
            let chance = Self.chance(bits)
            let lowest = try keepsLeastSpacing ? chain.minimumTime(parameters) ?? .max : chain.medianTimePast() + 1
            // Before that nobody would take the block.
            let opens = Double(lowest) - Double(ahead) - Double(parameters.genesisTime + genesisAge)
            var best: (miner: Int, found: Double, begun: Double, step: Int)?
            for (miner, speed) in miners.enumerated() {
                let tickets = all - first + 1
                let failures = Self.failures(chance, &generator)
                let (whole, step) = (failures / tickets, first + failures % tickets)
                let begun = max(ready[miner], opens) + Double(whole * all) / speed
                let found = begun + Double(step) / speed
                if found < best?.found ?? .infinity { best = (miner, found, begun, step) }
            }
            guard let best, best.found <= seconds else { return blocks }
            let clock = Double(parameters.genesisTime + genesisAge) + best.begun
            let header = BlockHeader(
                previousHash: chain.parentHash, merkleRoot: .zero, modelRoot: .zero, height: height,
                time: max(lowest, UInt64(clock)), bits: bits, nonce: generator.next(), steps: UInt32(best.step), deltaHash: .zero)
            if keepsLeastSpacing { try validator.checkContext(header, context: chain) }
            try validator.checkTime(header, now: UInt64(clock))
            chain.append(header)
            let replayed = trainsToTheEnd ? all : best.step
            for (miner, speed) in miners.enumerated() {
                let left = miner == best.miner ? replayed - best.step : replayed
                ready[miner] = max(ready[miner], best.found) + Double(left) / speed
            }
            blocks.append(
                FoundBlock(
                    height: height, found: best.found,
                    ahead: Double(header.time) - Double(parameters.genesisTime + genesisAge) - best.found, bits: bits,
                    replayedSteps: replayed))
        }
    }

    /// How likely a ticket is to win: (target + 1) / 2^256.
    static func chance(_ bits: CompactTarget) -> Double {
        guard let target = bits.target else { return 0 }
        return target.littleEndianBytes.reduce(0.0) { ($0 + Double($1)) / 256 }
    }

    /// Tickets that fail before one wins.
    private static func failures(_ chance: Double, _ generator: inout SplitMix64) -> Int {
        let uniform = Double(generator.next() >> 11) * 0x1p-53
        return Int(min(log1p(-uniform) / log1p(-chance), 1e15))
    }
}
