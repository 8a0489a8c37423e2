public import FlowRPC

extension NodeError: RPCErrorConvertible {
    public var rpcError: RPCError { code == .notDue ? .notReady(description) : .misc(description) }
}
