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
        let daemonLog = try openLog(directory)
        let hangUp = EndSignal.onHangUp(daemonLog.reopen)
        defer { hangUp.cancel() }
        let log = Logger(label: "flowcoind")
        let notifier = Notifier(options.notifications)
        var configuration = try configuration(directory: directory)
        configuration.onStop = end.stop
        let node = try await Node(configuration)
        do {
            try await serve(node, Surroundings(directory: directory, end: end, log: log, daemonLog: daemonLog, notifier: notifier))
        } catch {
            await node.stop()
            throw error
        }
        await notifier.ends()
        await node.stop()
        log.info("stopped")
        if let fault = end.fault { throw fault }
    }

    /// What the node's services share.
    private struct Surroundings {
        let directory: URL
        let end: EndSignal
        let log: Logger
        let daemonLog: DaemonLog
        let notifier: Notifier
    }

    private func openLog(_ directory: URL) throws -> DaemonLog {
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
            throw ProgramError("Cannot make the data directory \(directory.path): check the path of -datadir, its permissions and the free space of its disk.")
        }
        let url = options.log.url(in: directory)
        let log = DaemonLog(url: url, console: !options.log.noConsole, categories: options.log.chosen)
        guard log.isWhole else { throw ProgramError("Could not open debug log file \(url?.path ?? ""): check the path of -debuglogfile and its permissions, or give -debuglogfile=0.") }
        log.install()
        return log
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
        configuration.threads = options.threads
        configuration.databaseCacheBytes = options.databaseCache << 20
        configuration.indexesTransactions = options.indexesTransactions
        configuration.maximumConnections = options.maximumConnections
        options.pool.apply(to: &configuration)
        configuration.listens = !options.noListen
        configuration.listenPort = options.port
        if let bind = options.bind { configuration.listenHost = bind }
        configuration.connect = options.connect
        configuration.modelFile = options.modelFile
        if configuration.parameters.name == ChainParameters.regtest.name {
            let clock = AdjustableClock()
            configuration.clock = clock.now
            configuration.setClock = clock.set
        }
        return configuration
    }

    private func serve(_ node: Node, _ surroundings: Surroundings) async throws {
        let (end, notifier) = (surroundings.end, surroundings.notifier)
        let wallets = WalletService(chain: node.chain, directory: surroundings.directory, notifier: notifier, log: surroundings.log)
        try node.rpc.serve(SigningMethods(chain: wallets.chain, network: WalletNetwork(node.parameters)).all)
        if !options.disableWallet {
            await wallets.loadAll()
            try node.rpc.serve(WalletMethods(service: wallets, miner: node.miner).all)
        }
        let walletEvents = node.events(), faultEvents = node.events(), logEvents = node.events(), notifierEvents = node.events()
        let publications = options.zeroMQ.publications
        try node.rpc.serve([Publisher.method(publications)] + ControlMethods(log: surroundings.daemonLog).all)
        let publisher = publications.isEmpty ? nil : try Publisher(publications, chain: node.chain)
        let publisherEvents = publisher.map { _ in node.events() }
        let front = options.rpc.noServer ? nil : try await frontEnd(node)
        announce(node, front, surroundings.log)
        notifier.started()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wallets.follow(walletEvents) }
            group.addTask {
                for await event in faultEvents { if case let .fault(error) = event { end.fail(error) } }
            }
            group.addTask { await EventLog(surroundings.log).follow(logEvents) }
            group.addTask { await notifier.follow(notifierEvents) }
            if let publisher, let publisherEvents { group.addTask { await publisher.follow(publisherEvents) } }
            await end.wait()
            // Who asked for the end gets an answer, too.
            await front?.stop()
            group.cancelAll()
        }
        if front != nil { try? FileManager.default.removeItem(at: network.cookie(of: node.parameters)) }
    }

    /// Clients look for the cookie, so it is written only when the server answers.
    private func frontEnd(_ node: Node) async throws -> HTTPFrontEnd {
        let own = network.rpcUser.flatMap { user in network.rpcPassword.map { RPCCredentials(user: user, password: $0) } }
        let credentials = own ?? RPCCredentials.fresh()
        let (router, log) = (node.rpc, DaemonLog.logger(.rpc))
        let front = try await HTTPFrontEnd(
            options.rpc.settings(port: network.rpcPort ?? node.parameters.rpcPort), access: options.rpc.access(credentials),
            rpc: { request in
                log.debug("call", metadata: ["user": "\(request.user)", "path": "\(request.path)", "method": "\(request.methods)"])
                let reply = await router.handle(body: request.body, path: request.path, allowed: request.allowed)
                return HTTPReply(status: reply.status, type: "application/json", body: .whole(reply.body))
            },
            rest: RestInterface(chain: node.chain).answer)
        guard own == nil else { return front }
        do { try credentials.writeCookie(at: network.cookie(of: node.parameters)) } catch {
            await front.stop()
            throw error
        }
        return front
    }

    private func announce(_ node: Node, _ front: HTTPFrontEnd?, _ log: Logger) {
        log.info("ready", metadata: [
            "network": "\(node.parameters.name)", "peers": "\(node.listeningPort.map(String.init) ?? "not listening")",
            "rpc": "\(front.map { String($0.port) } ?? "off")",
        ])
    }
}
