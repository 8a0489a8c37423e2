import FlowConsensus
import FreshNetwork

/// What the command line asks for.
struct Options {
    static let usage = """
        usage: start [--miners N] [--miner-speed STEPS] [--node-speed STEPS] [--hours H] [--every H] [--blocks N]
                     [--seed N] [--limit MINUTES] [--ahead SECONDS] [--genesis-age SECONDS] [--no-spacing] [--ends-at-ticket]
          --miners, --miner-speed   how many, and training steps a second of each (1, 100)
          --node-speed              training steps a second of the full node (0.435: 2.3 s a step)
          --hours, --blocks, --every where to stop (24 hours), and how often to print (1 hour)
          --limit                   also say how fast a node must be to lag no more than this (10 minutes)
          --ahead                   how far ahead of the clock miners write times (900, what the rules allow)
          --genesis-age             seconds from the genesis block's time to the first miner's start (0)
          --no-spacing              without the rule time-too-soon
          --ends-at-ticket          a block's training ends with the winning step instead of going on to S
        """

    var miners = 1, minerSpeed = 100.0, nodeSpeed = 1 / 2.3, hours = 24.0, every = 1.0, blocks = Int.max, seed: UInt64 = 1
    var limit = 10.0, ahead = TimeRules.futureAllowance, genesisAge: UInt64 = 0, spacing = true, trainsToTheEnd = true

    /// - Returns: nil when the arguments ask for something else.
    init?(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            if name == "--no-spacing" {
                spacing = false
            } else if name == "--ends-at-ticket" {
                trainsToTheEnd = false
            } else {
                guard let value = rest.next(), set(name, value) else { return nil }
            }
        }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        func number<Number: LosslessStringConvertible & Comparable>(_ target: inout Number, _ range: ClosedRange<Number>) -> Bool {
            guard let number = Number(value), range.contains(number) else { return false }
            target = number
            return true
        }
        return switch name {
        case "--miners": number(&miners, 1...10_000)
        case "--miner-speed": number(&minerSpeed, 1e-3...1e6)
        case "--node-speed": number(&nodeSpeed, 1e-3...1e6)
        case "--hours": number(&hours, 0.01...1e5)
        case "--every": number(&every, 0.01...1e5)
        case "--blocks": number(&blocks, 1...Int.max)
        case "--seed": number(&seed, 0...UInt64.max)
        case "--limit": number(&limit, 0.1...1e6)
        case "--ahead": number(&ahead, 0...TimeRules.futureAllowance)
        case "--genesis-age": number(&genesisAge, 0...1 << 33)
        default: false
        }
    }

    var network: FreshNetwork {
        var network = FreshNetwork(parameters: .mainnet, miners: Array(repeating: minerSpeed, count: miners))
        network.keepsLeastSpacing = spacing
        network.trainsToTheEnd = trainsToTheEnd
        network.ahead = ahead
        network.genesisAge = genesisAge
        return network
    }
}
