/// An error of the JSON-RPC interface, with bitcoind's numbers.
public struct RPCError: Error, Sendable, Equatable, CustomStringConvertible {
    public let code: Int
    public let message: String

    public init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) (code \(code))" }

    static let parseErrorCode = -32700
    static let invalidRequestCode = -32600
    static let methodNotFoundCode = -32601
    static let internalErrorCode = -32603
    public static let notReadyCode = -10

    static func invalidRequest(_ message: String) -> RPCError { RPCError(invalidRequestCode, message) }
    static func methodNotFound() -> RPCError { RPCError(methodNotFoundCode, "Method not found") }
    /// −1: something that has no number of its own, and wrong types of parameters.
    public static func misc(_ message: String) -> RPCError { RPCError(-1, message) }
    /// −3: a value of the wrong kind, for example an amount out of range.
    public static func type(_ message: String) -> RPCError { RPCError(-3, message) }
    /// −5: an unknown block, transaction or address.
    public static func notFound(_ message: String) -> RPCError { RPCError(-5, message) }
    /// −8: a parameter out of range.
    public static func invalidParameter(_ message: String) -> RPCError { RPCError(-8, message) }
    /// −10: not now; ask again in a second.
    public static func notReady(_ message: String) -> RPCError { RPCError(notReadyCode, message) }
    /// −20: the store, or what it would take.
    public static func database(_ message: String) -> RPCError { RPCError(-20, message) }
    /// −22: bytes that do not decode.
    public static func deserialization(_ message: String) -> RPCError { RPCError(-22, message) }
    /// −25: a transaction or block that cannot be judged.
    public static func verification(_ message: String) -> RPCError { RPCError(-25, message) }
    /// −26: a transaction or block that a rule refuses.
    public static func rejected(_ message: String) -> RPCError { RPCError(-26, message) }
    /// −27: already in the chain.
    public static func alreadyInChain(_ message: String) -> RPCError { RPCError(-27, message) }

    /// The error object of a reply.
    var value: JSONValue { ["code": .integer(code), "message": .string(message)] }

    /// bitcoind's HTTP status for a single JSON-RPC 1.x reply.
    var status: Int {
        switch code {
        case Self.invalidRequestCode: 400
        case Self.methodNotFoundCode: 404
        default: 500
        }
    }
}
