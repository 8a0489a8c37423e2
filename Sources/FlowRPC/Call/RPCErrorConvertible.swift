/// An error of another module that knows its number in JSON-RPC.
public protocol RPCErrorConvertible: Error {
    var rpcError: RPCError { get }
}
