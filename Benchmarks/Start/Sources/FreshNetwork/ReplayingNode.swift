/// A full node that replays blocks one after the other, in the order in which they came.
public struct ReplayingNode {
    /// Training steps a second.
    public var speed: Double

    public init(speed: Double) { self.speed = speed }

    /// From when on a block that is not replayed counts as lag.
    public enum Start: Sendable {
        /// From its coming: so long a node does not stand where the miners stand.
        case coming
        /// From its coming and its own time, whichever is later: miners may write times ahead of their clocks, and send such blocks at once.
        case time

        func of(_ block: FreshNetwork.FoundBlock) -> Double {
            switch self {
            case .coming: block.found
            case .time: block.found + max(0, block.ahead)
            }
        }
    }

    /// When each block is replayed, in seconds since the miners began.
    public func replayed(_ blocks: [FreshNetwork.FoundBlock]) -> [Double] {
        var end = 0.0
        return blocks.map { block in
            end = max(end, block.found) + Double(block.replayedSteps) / speed
            return end
        }
    }

    /// The longest that the node ever takes from a block's start to the end of its replay, and when that block came.
    public func largestLag(_ blocks: [FreshNetwork.FoundBlock], from start: Start) -> (seconds: Double, at: Double) {
        zip(blocks, replayed(blocks)).reduce((0, 0)) { worst, pair in
            let lag = pair.1 - start.of(pair.0)
            return lag > worst.0 ? (lag, pair.0.found) : worst
        }
    }

    /// When the last block came whose lag is above `limit` seconds; nil when there is none.
    public func lastAbove(_ limit: Double, _ blocks: [FreshNetwork.FoundBlock], from start: Start) -> Double? {
        Array(zip(blocks, replayed(blocks))).last { $1 - start.of($0) > limit }?.0.found
    }

    /// The slowest speed, in steps a second, with which the lag stays at or below `limit` seconds.
    public static func slowest(_ blocks: [FreshNetwork.FoundBlock], limit: Double, from start: Start) -> Double {
        var (slow, fast) = (1e-3, 1e6)
        while fast / slow > 1.0001 {
            let middle = (slow * fast).squareRoot()
            if ReplayingNode(speed: middle).largestLag(blocks, from: start).seconds > limit { slow = middle } else { fast = middle }
        }
        return fast
    }
}
