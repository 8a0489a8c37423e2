import FlowConsensus
import FlowHTTP
import FlowModel
import FlowNode
import FlowRPC
import FlowWallet
import Foundation
import Logging
public import ProgramSupport

/// The node, its wallets and its HTTP server, from start to stop.
public struct Daemon: Sendable {
    private let network: NetworkOptions
    private let options: DaemonOptions
    private let log = Logger(label: "flowcoind")

    public init(network: NetworkOptions, options: DaemonOptions) {
        self.network = network
        self.options = options
    }

    /// Runs until `stop` is called over RPC, the process is told to end (SIGINT, SIGTERM), or the node cannot go on.
    /// - Throws: `NodeError` and `ProgramError`, with a message that names the thing and the way out.
    public func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        // A disk quota is reported by the write that meets it.
        signal(SIGXFSZ, SIG_IGN)
        raiseFileLimit()
        let directory = network.networkDirectory(of: try network.parameters())
        let end = EndSignal()
        var configuration = try configuration(directory: directory)
        configuration.onStop = end.stop
        let node = try await Node(configuration)
        do {
            try await serve(node, directory: directory, end: end)
        } catch {
            await node.stop()
            throw error
        }
        await node.stop()
        log.info("stopped")
        if let fault = end.fault { throw fault }
    }

    /// As bitcoind does: connections and the database's files share one limit, which is low by default.
    private func raiseFileLimit() {
        var limit = rlimit()
        #if canImport(Darwin)
        let files = RLIMIT_NOFILE
        let most = rlim_t(OPEN_MAX)
        #else
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        let most = rlim_t.max
        #endif
        guard getrlimit(files, &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, most)
        _ = setrlimit(files, &limit)
    }

    private func configuration(directory: URL) throws -> NodeConfiguration {
        var configuration = NodeConfiguration(parameters: try network.parameters(), dataDirectory: directory.path)
        if !options.datasets.isEmpty { configuration.corpora = options.datasets.map { .directory($0) } }
        if let backend = BackendChoice(rawValue: options.backend) { configuration.backend = backend }
        if let threads = options.threads { configuration.threads = threads }
        configuration.listens = !options.noListen
        configuration.listenPort = options.port
        if let bind = options.bind { configuration.listenHost = bind }
        configuration.connect = options.connect
        configuration.modelFile = options.modelFile
        return configuration
    }

    private func serve(_ node: Node, directory: URL, end: EndSignal) async throws {
        let wallets = WalletService(chain: node.chain, directory: directory, log: log)
        try node.rpc.serve(SigningMethods(chain: wallets.chain, network: WalletNetwork(node.parameters)).all)
        if !options.disableWallet {
            await wallets.loadAll()
            try node.rpc.serve(WalletMethods(service: wallets, miner: node.miner).all)
        }
        let credentials = try credentials(in: directory)
        let rest = RestInterface(chain: node.chain)
        let router = node.rpc
        let front = try await HTTPFrontEnd(
            .init(port: network.rpcPort ?? node.parameters.rpcPort), credentials: credentials,
            rpc: { body, path in
                let reply = await router.handle(body: body, path: path)
                return HTTPReply(status: reply.status, type: "application/json", body: .whole(reply.body))
            },
            rest: rest.answer)
        do { try announce(node, credentials, directory) } catch {
            await front.stop()
            throw error
        }
        let walletEvents = node.events(), faultEvents = node.events(), logEvents = node.events()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wallets.follow(walletEvents) }
            group.addTask {
                for await event in faultEvents { if case let .fault(error) = event { end.fail(error) } }
            }
            group.addTask { await self.write(logEvents) }
            await end.wait()
            // Who asked for the end gets an answer, too.
            await front.stop()
            group.cancelAll()
        }
        try? FileManager.default.removeItem(at: RPCCredentials.cookieURL(in: directory))
    }

    private func credentials(in directory: URL) throws -> RPCCredentials {
        if let user = network.rpcUser, let password = network.rpcPassword {
            return RPCCredentials(user: user, password: password)
        }
        return RPCCredentials.fresh()
    }

    /// Clients look for the cookie, so it is written only when the server answers.
    private func announce(_ node: Node, _ credentials: RPCCredentials, _ directory: URL) throws {
        if network.rpcUser == nil { try credentials.writeCookie(in: directory) }
        log.info("ready", metadata: [
            "network": "\(node.parameters.name)", "peers": "\(node.listeningPort.map(String.init) ?? "not listening")",
            "rpc": "\(network.rpcPort ?? node.parameters.rpcPort)",
        ])
    }

    private func write(_ events: AsyncStream<NodeEvent>) async {
        for await event in events {
            switch event {
            case let .connected(hash, height): log.info("block", metadata: ["height": "\(height)", "hash": "\(hash)"])
            case let .reorganised(from, to, depth):
                log.notice("reorganised", metadata: ["from": "\(from)", "to": "\(to)", "depth": "\(depth)"])
            case let .judged(hash, fate): log.debug("judged", metadata: ["hash": "\(hash)", "fate": "\(fate)"])
            case let .modelFile(file):
                log.info("model file", metadata: ["height": "\(file.height)", "type": "\(file.format.rawValue)", "bytes": "\(file.byteCount)"])
            case let .warning(error): log.warning("\(error)")
            case let .fault(error): log.critical("\(error)")
            default: continue
            }
        }
    }
}
