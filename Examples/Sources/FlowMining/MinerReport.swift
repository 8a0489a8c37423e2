public import FlowConsensus
import FlowModel

/// What a miner has done since it started.
public struct MinerCounts: Sendable {
    public internal(set) var steps: UInt64 = 0
    public internal(set) var tickets: UInt64 = 0
    public internal(set) var tokens: UInt64 = 0
    public internal(set) var blocks: UInt64 = 0
    /// Time spent in training steps, in seconds.
    public internal(set) var seconds: Double = 0

    public init() {}

    public var tokensPerSecond: Double { seconds > 0 ? Double(tokens) / seconds : 0 }
    public var ticketsPerSecond: Double { seconds > 0 ? Double(tickets) / seconds : 0 }

    mutating func add(_ step: TrajectoryStep, tokens count: Int, duration: Duration) {
        steps += 1
        tokens += UInt64(count)
        if step.isTicket { tickets += 1 }
        seconds += Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}

/// What a miner tells of its work.
public enum MinerReport: Sendable {
    case step(height: BlockHeight, loss: Double, MinerCounts)
    /// A block of this miner is on the chain; the held-out loss of the model after it, in nats a token.
    case found(height: BlockHeight, hash: String, steps: Int, heldOutLoss: Double?, MinerCounts)
    case refused(height: BlockHeight, reason: String)
}
