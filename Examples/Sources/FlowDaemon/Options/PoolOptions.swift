public import ArgumentParser
import FlowNode

/// What waits for a block; spelled as bitcoind's.
public struct PoolOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("maxmempool", withSingleDash: true), help: ArgumentHelp("Megabytes of transactions that may wait.", valueName: "n"))
    public var megabytes = 300

    @Option(
        name: .customLong("mempoolexpiry", withSingleDash: true),
        help: ArgumentHelp("Hours after which a transaction that no block took is dropped.", valueName: "n"))
    public var expiryHours = 336

    @Flag(name: .customLong("nopersistmempool", withSingleDash: true), help: "Forget what waits when the node ends; wallets send their own payments again.")
    public var isForgotten = false

    public init() {}

    static let flags: Set = ["nopersistmempool"]

    public func validate() throws {
        guard (1...1_000_000).contains(megabytes) else { throw ValidationError("-maxmempool must be at least 1 MB and at most 1000000, got \(megabytes).") }
        guard (1...1_000_000).contains(expiryHours) else { throw ValidationError("-mempoolexpiry must be 1 to 1000000 hours, got \(expiryHours).") }
    }

    func apply(to configuration: inout NodeConfiguration) {
        configuration.mempoolBytes = megabytes * 1_000_000
        configuration.mempoolExpiry = UInt64(expiryHours) * 3_600
        configuration.keepsMempool = !isForgotten
    }
}
