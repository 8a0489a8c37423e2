public import ArgumentParser

/// Where the node publishes over ZeroMQ; spelled as bitcoind's.
public struct ZeroMQOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("zmqpubhashblock", withSingleDash: true), help: ArgumentHelp("Publish the hash of each new tip at this address.", valueName: "address"))
    public var hashBlock: [String] = []

    @Option(name: .customLong("zmqpubhashtx", withSingleDash: true), help: ArgumentHelp("Publish the id of each transaction that comes, and of each in a block that is connected or left.", valueName: "address"))
    public var hashTransaction: [String] = []

    @Option(name: .customLong("zmqpubrawblock", withSingleDash: true), help: ArgumentHelp("Publish each new tip's block.", valueName: "address"))
    public var rawBlock: [String] = []

    @Option(name: .customLong("zmqpubrawtx", withSingleDash: true), help: ArgumentHelp("Publish the transactions of -zmqpubhashtx.", valueName: "address"))
    public var rawTransaction: [String] = []

    @Option(name: .customLong("zmqpubsequence", withSingleDash: true), help: ArgumentHelp("Publish what comes to the chain (C) and the mempool (A), and leaves them (D, R), in order.", valueName: "address"))
    public var sequence: [String] = []

    @Option(name: .customLong("zmqpubhashblockhwm", withSingleDash: true), help: limit)
    public var hashBlockLimit = 1_000

    @Option(name: .customLong("zmqpubhashtxhwm", withSingleDash: true), help: limit)
    public var hashTransactionLimit = 1_000

    @Option(name: .customLong("zmqpubrawblockhwm", withSingleDash: true), help: limit)
    public var rawBlockLimit = 1_000

    @Option(name: .customLong("zmqpubrawtxhwm", withSingleDash: true), help: limit)
    public var rawTransactionLimit = 1_000

    @Option(name: .customLong("zmqpubsequencehwm", withSingleDash: true), help: limit)
    public var sequenceLimit = 1_000

    private static let limit = ArgumentHelp("Messages that wait for one slow subscriber at most; 0 for no limit.", valueName: "n")

    public init() {}

    /// What is published where, and how many messages wait there at most.
    var publications: [Publication] {
        let all: [(Publication.Topic, [String], Int)] = [
            (.hashBlock, hashBlock, hashBlockLimit), (.hashTransaction, hashTransaction, hashTransactionLimit), (.rawBlock, rawBlock, rawBlockLimit),
            (.rawTransaction, rawTransaction, rawTransactionLimit), (.sequence, sequence, sequenceLimit),
        ]
        return all.flatMap { topic, addresses, limit in addresses.map { Publication(topic: topic, address: $0, limit: limit) } }
    }

    public func validate() throws {
        for publication in publications where !publication.isPlace {
            throw ValidationError("-zmqpub\(publication.topic.rawValue) must be tcp://ADDRESS:PORT, ipc://PATH or unix:PATH, got \"\(publication.address)\".")
        }
        for limit in [hashBlockLimit, hashTransactionLimit, rawBlockLimit, rawTransactionLimit, sequenceLimit] where !(0...1_000_000_000).contains(limit) {
            throw ValidationError("-zmqpub…hwm must be 0 to 1000000000, got \(limit).")
        }
    }
}
