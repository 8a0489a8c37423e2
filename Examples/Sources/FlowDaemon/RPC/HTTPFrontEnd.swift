public import FlowHTTP
public import FlowP2P
import Foundation
public import ProgramSupport

/// HTTP in front of the node's JSON-RPC: `POST /` and `POST /wallet/<name>` with basic authentication, and `GET /rest/…` for the
/// raw bytes that an external miner needs. Behaves as bitcoind's.
public struct HTTPFrontEnd: Sendable {
    /// Who may ask, and how much.
    public struct Settings: Sendable {
        /// Where it listens; both loopback addresses unless told otherwise.
        public var endpoints: [HTTPEndpoint]
        /// Who may ask besides this machine.
        public var allowed: [NetworkRange] = []
        /// Calls that may wait while ``callsAtOnce`` are carried out.
        public var workQueue = 64
        /// How long a connection may stay without a request, and a request may take to come in.
        public var timeout = Duration.seconds(30)

        public init(port: UInt16) {
            endpoints = [
                HTTPEndpoint(host: "127.0.0.1", port: Int(port)), HTTPEndpoint(host: "::1", port: Int(port), isOptional: true),
            ]
        }
    }

    /// Longest request body, in bytes: a block in hexadecimal with room for its envelope.
    public static let bodyLimit = 16 << 20

    /// As many as bitcoind has threads for them.
    static let callsAtOnce = 16

    /// The port that is listened on.
    public var port: Int { server.port }

    private let server: HTTPServer

    /// Listens and answers from now on.
    /// - Parameters:
    ///   - access: who may ask, and what.
    ///   - rpc: answers a JSON-RPC body.
    ///   - rest: answers the path below `/rest/`.
    /// - Throws: `ProgramError` naming the port when it is taken.
    public init(
        _ settings: Settings, access: RPCAccess,
        rpc: @escaping @Sendable (RPCRequest) async -> HTTPReply,
        rest: @escaping @Sendable (String) async -> HTTPReply
    ) async throws {
        var http = HTTPServerSettings()
        http.headLength = 8 << 10
        http.bodyLength = Self.bodyLimit
        http.connections = 1_024
        http.idleTime = settings.timeout
        http.requestTime = settings.timeout
        http.threads = 2
        // As bitcoind does: who sends a payment and leaves has sent it.
        http.cancelsAbandonedAnswers = false
        let service = RPCService(
            access: access, allowed: settings.allowed, queue: WorkQueue(limit: settings.workQueue + Self.callsAtOnce),
            rpc: rpc, rest: rest)
        do {
            server = try await HTTPServer(settings.endpoints, settings: http, service: service)
        } catch .portInUse(_, let port) {
            throw ProgramError("The RPC port \(port) is in use: stop the program that holds it, or choose another with -rpcport.")
        } catch {
            throw ProgramError("The RPC server \(error): give -rpcbind an address of this machine, and -rpcport a port that you may use.")
        }
    }

    /// Takes no more calls, and gives those that are being answered five seconds to end.
    public func stop() async { await server.stop(waiting: .seconds(5)) }
}
