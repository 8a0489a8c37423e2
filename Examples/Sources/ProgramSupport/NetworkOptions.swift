public import ArgumentParser
public import FlowConsensus
public import Foundation

/// Options that every program shares: which network, where its data lie, how to reach the node's RPC.
/// Spelled as bitcoind's: `-regtest`, `-datadir=DIR`, `-rpcport=PORT`.
public struct NetworkOptions: ParsableArguments, Sendable {
    @Flag(name: .customLong("regtest", withSingleDash: true), help: "Use the regression test network.")
    public var regtest = false

    @Flag(name: .customLong("testnet", withSingleDash: true), help: "Use the test network.")
    public var testnet = false

    @Option(
        name: .customLong("network", withSingleDash: true),
        help: ArgumentHelp("Use the network that a JSON file of chain parameters describes.", valueName: "file"))
    public var networkFile: String?

    @Option(
        name: .customLong("datadir", withSingleDash: true),
        help: ArgumentHelp("Data directory (default: ~/.flowcoin).", valueName: "dir"))
    public var dataDirectory: String?

    @Option(
        name: .customLong("rpcport", withSingleDash: true),
        help: ArgumentHelp("Port of the JSON-RPC server (default: 9556, testnet 19556, regtest 29556).", valueName: "port"))
    public var rpcPort: UInt16?

    @Option(
        name: .customLong("rpcuser", withSingleDash: true),
        help: ArgumentHelp("User name for JSON-RPC; without one, a cookie file in the data directory is used.", valueName: "user"))
    public var rpcUser: String?

    @Option(
        name: .customLong("rpcpassword", withSingleDash: true),
        help: ArgumentHelp("Password for JSON-RPC.", valueName: "password"))
    public var rpcPassword: String?

    @Option(
        name: .customLong("rpccookiefile", withSingleDash: true),
        help: ArgumentHelp("Cookie with the node's credentials; below the network's folder unless it begins with /.", valueName: "file"))
    public var rpcCookieFile = ".cookie"

    public init() {}

    public func validate() throws {
        let chosen = [regtest, testnet, networkFile != nil].filter { $0 }.count
        guard chosen <= 1 else {
            throw ValidationError("Expected at most one of -regtest, -testnet and -network, got \(chosen); leave all but one out.")
        }
        guard !rpcCookieFile.isEmpty else { throw ValidationError("-rpccookiefile must name a file.") }
        guard (rpcUser == nil) == (rpcPassword == nil) else {
            throw ValidationError("-rpcuser and -rpcpassword belong together; give both or neither.")
        }
    }

    /// The chosen network's parameters, before a data set of one's own is applied.
    /// - Throws: `ProgramError` when the file of `-network` cannot be read or does not describe a network.
    public func parameters() throws -> ChainParameters {
        if regtest { return .regtest }
        if testnet { return .testnet }
        if let networkFile { return try ChainParameters.load(path: networkFile) }
        return .mainnet
    }

    /// What `-datadir` names, or `~/.flowcoin`: where `flowcoin.conf` lies.
    static func baseDirectory(_ path: String?) -> URL {
        path.map { URL(fileURLWithPath: ($0 as NSString).expandingTildeInPath, isDirectory: true) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".flowcoin", isDirectory: true)
    }

    /// The directory of this network's data: below `-datadir`, one folder a network, as bitcoind keeps them.
    public func networkDirectory(of parameters: ChainParameters) -> URL {
        let base = Self.baseDirectory(dataDirectory)
        return parameters.name == ChainParameters.mainnet.name
            ? base : base.appendingPathComponent(parameters.name, isDirectory: true)
    }

    /// Where the node leaves its credentials.
    public func cookie(of parameters: ChainParameters) -> URL {
        URL(fileURLWithPath: (rpcCookieFile as NSString).expandingTildeInPath, relativeTo: networkDirectory(of: parameters)).absoluteURL
    }

    /// How a client reaches the node: address, port and credentials (the cookie, unless user and password are given).
    public func client(host: String = "127.0.0.1", timeout: TimeInterval = 900) throws -> RPCClient {
        let parameters = try parameters()
        let credentials: RPCCredentials
        if let rpcUser, let rpcPassword {
            credentials = RPCCredentials(user: rpcUser, password: rpcPassword)
        } else {
            credentials = try RPCCredentials(cookieAt: cookie(of: parameters))
        }
        return RPCClient(host: host, port: rpcPort ?? parameters.rpcPort, credentials: credentials, timeout: timeout)
    }
}
