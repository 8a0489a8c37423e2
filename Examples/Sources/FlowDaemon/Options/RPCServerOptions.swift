public import ArgumentParser
import FlowHTTP
import FlowP2P
import FlowRPC
import ProgramSupport

/// Who may call the node over JSON-RPC, and from where; spelled as bitcoind's.
public struct RPCServerOptions: ParsableArguments, Sendable {
    @Flag(name: .customLong("noserver", withSingleDash: true), help: "Do not answer JSON-RPC.")
    public var noServer = false

    @Option(
        name: .customLong("rpcauth", withSingleDash: true),
        help: ArgumentHelp("A user and the hash of his password, as `flowcoind rpcauth` makes them; may be given several times.", valueName: "user:salt$hash"))
    public var accounts: [String] = []

    @Option(
        name: .customLong("rpcbind", withSingleDash: true),
        help: ArgumentHelp("Answer on this address and no other; may be given several times, and only together with -rpcallowip (default: 127.0.0.1 and ::1).", valueName: "address[:port]"))
    public var binds: [String] = []

    @Option(
        name: .customLong("rpcallowip", withSingleDash: true),
        help: ArgumentHelp("Answer these too: an address, or a range like 1.2.3.0/24; may be given several times (default: this machine alone).", valueName: "range"))
    public var ranges: [String] = []

    @Option(
        name: .customLong("rpcwhitelist", withSingleDash: true),
        help: ArgumentHelp("What a user may call; may be given several times, and for one user what all his lists hold counts.", valueName: "user:method,method"))
    public var whitelists: [String] = []

    @Option(
        name: .customLong("rpcwhitelistdefault", withSingleDash: true),
        help: ArgumentHelp("Whether users without a whitelist may call nothing (1) or everything (0) (default: 1 where there is a whitelist, else 0).", valueName: "0 or 1"))
    public var whitelistDefault: Int?

    @Option(
        name: .customLong("rpcworkqueue", withSingleDash: true),
        help: ArgumentHelp("Calls that may wait while 16 are carried out; more are answered with 503.", valueName: "n"))
    public var workQueue = 64

    @Option(
        name: .customLong("rpcservertimeout", withSingleDash: true),
        help: ArgumentHelp("Seconds after which a connection without a request ends, and a request that does not come in whole.", valueName: "s"))
    public var timeout = 30

    public init() {}

    static let flags: Set = ["noserver"]
    static let switches: Set = ["rpcwhitelistdefault"]

    public func validate() throws {
        for account in accounts where RPCAccount(account) == nil {
            throw ValidationError("-rpcauth must be USER:SALT$HASH, as `flowcoind rpcauth USER` makes it, got \"\(account)\".")
        }
        for text in binds where PeerEndpoint(text, defaultPort: 1) == nil {
            throw ValidationError("-rpcbind must be an address, or an address and a port, got \"\(text)\".")
        }
        for text in ranges where Self.range(text) == nil {
            throw ValidationError("Invalid -rpcallowip subnet specification: \(text). Valid are a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0) or a network/CIDR (e.g. 1.2.3.4/24).")
        }
        guard binds.isEmpty || !ranges.isEmpty else {
            throw ValidationError("-rpcbind opens the node to others and needs -rpcallowip, which says whom to answer.")
        }
        _ = try lists()
        guard whitelistDefault.map({ (0...1).contains($0) }) ?? true else { throw ValidationError("-rpcwhitelistdefault is 0 or 1, got \(whitelistDefault ?? 0).") }
        guard (1...1_000_000).contains(workQueue) else { throw ValidationError("-rpcworkqueue must be 1 to 1000000, got \(workQueue).") }
        guard (1...86_400).contains(timeout) else { throw ValidationError("-rpcservertimeout must be 1 to 86400 seconds, got \(timeout).") }
    }

    /// An address or a range of addresses; a name is neither.
    private static func range(_ text: String) -> NetworkRange? {
        NetworkRange(text).flatMap { $0.isAddresses ? $0 : nil }
    }

    /// What each user with a whitelist may call.
    /// - Throws: `ValidationError` for a list without a user, and for a method that does not exist
    private func lists() throws -> [String: Set<String>] {
        var lists: [String: Set<String>] = [:]
        for text in whitelists {
            guard let colon = text.firstIndex(of: ":"), colon != text.startIndex else {
                throw ValidationError("-rpcwhitelist must be USER:METHOD,METHOD…, got \"\(text)\".")
            }
            let names = Set(text[text.index(after: colon)...].split { $0 == "," || $0 == " " }.map(String.init))
            if let unknown = names.filter({ RPCCatalogue.flowcoin[$0] == nil }).min() {
                throw ValidationError("-rpcwhitelist names the method \(unknown), which does not exist; flowcoin-cli help lists them.")
            }
            let user = String(text[..<colon])
            lists[user] = lists[user].map { $0.intersection(names) } ?? names
        }
        return lists
    }

    func access(_ credentials: RPCCredentials?) throws -> RPCAccess {
        RPCAccess(
            credentials: credentials, accounts: accounts.compactMap(RPCAccount.init), allowed: try lists(),
            othersMayCallAll: whitelistDefault.map { $0 == 0 } ?? whitelists.isEmpty)
    }

    func settings(port: UInt16) -> HTTPFrontEnd.Settings {
        var settings = HTTPFrontEnd.Settings(port: port)
        if !binds.isEmpty {
            settings.endpoints = binds.compactMap { PeerEndpoint($0, defaultPort: port) }.map { HTTPEndpoint(host: $0.host, port: Int($0.port)) }
        }
        settings.allowed = ranges.compactMap(Self.range)
        settings.workQueue = workQueue
        settings.timeout = .seconds(timeout)
        return settings
    }
}
