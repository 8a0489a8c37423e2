extension RPCCatalogue {
    /// What a FlowCoin node and its wallets can be asked.
    public static let flowcoin = RPCCatalogue(control + blockchain + mempool + mining + model + network + rawTransactions + signing + wallet)

    static let control: [RPCDeclaration] = [
        RPCDeclaration("getrpcinfo", .control, "The calls that are being answered, with the microseconds since they came."),
        RPCDeclaration("help", .control, [.optional("command", .string, "The method to explain.")], "Lists all methods, or explains one."),
        RPCDeclaration("rpc.discover", .control, "All methods with their parameters, as an OpenRPC document."),
        RPCDeclaration("stop", .control, [.optional("wait", .integer, "Milliseconds to wait before the server ends; taken for the sake of older clients, and without effect.")], "Asks the node to stop."),
        RPCDeclaration("uptime", .control, "Seconds since the node started."),
    ]
}
