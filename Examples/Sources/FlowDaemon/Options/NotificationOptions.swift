public import ArgumentParser

/// Commands that the node gives to `/bin/sh` when something happens; spelled as bitcoind's. They run beside the node, which waits for those of its end alone.
public struct NotificationOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("blocknotify", withSingleDash: true),
        help: ArgumentHelp("Run this when the tip changes; %s stands for its hash.", valueName: "command"))
    public var block: String?

    @Option(
        name: .customLong("walletnotify", withSingleDash: true),
        help: ArgumentHelp(
            "Run this when a wallet's transaction comes, and when a block holds it; %s stands for its id, %w for the wallet, %b for the block's hash and %h for its height (unconfirmed and -1 where there is none).",
            valueName: "command"))
    public var wallet: String?

    @Option(
        name: .customLong("alertnotify", withSingleDash: true),
        help: ArgumentHelp("Run this when something is wrong with this machine; %s stands for a message, in single quotes.", valueName: "command"))
    public var alert: String?

    @Option(name: .customLong("startupnotify", withSingleDash: true), help: ArgumentHelp("Run this once the node answers.", valueName: "command"))
    public var startup: String?

    @Option(
        name: .customLong("shutdownnotify", withSingleDash: true),
        help: ArgumentHelp("Run this before the node ends, which waits for it; may be given several times.", valueName: "command"))
    public var shutdown: [String] = []

    public init() {}

    public func validate() throws {
        let all = [("-blocknotify", block), ("-walletnotify", wallet), ("-alertnotify", alert), ("-startupnotify", startup)] + shutdown.map { ("-shutdownnotify", $0) }
        for (name, command) in all where command?.isEmpty == true { throw ValidationError("\(name) must name a command.") }
    }
}
