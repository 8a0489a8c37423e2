extension RPCCatalogue {
    /// What a FlowCoin node and its wallets can be asked.
    public static let flowcoin = RPCCatalogue(control + blockchain + mempool + mining + model + network + rawTransactions + signing + wallet)

    static let control: [RPCDeclaration] = [
        RPCDeclaration("getmemoryinfo", .control, [.optional("mode", .string, default: "stats", "stats; mallocinfo is not available.")], "The bytes of memory that the process takes."),
        RPCDeclaration("getzmqnotifications", .control, "What is published over ZeroMQ, where, and how many messages wait there at most."),
        RPCDeclaration(
            "logging", .control,
            [.optional("include", .array, "Categories to write more about; all for every one."), .optional("exclude", .array, "Categories to write less about, also those of include.")],
            "The categories of the log, and which of them more is written about."),
        RPCDeclaration("getrpcinfo", .control, "The calls that are being answered, with the microseconds since they came."),
        RPCDeclaration("help", .control, [.optional("command", .string, "The method to explain.")], "Lists all methods, or explains one."),
        RPCDeclaration("rpc.discover", .control, "All methods with their parameters, as an OpenRPC document."),
        RPCDeclaration(
            "setmocktime", .control, [.required("timestamp", .integer, "Seconds since 1970; 0 for the true time again.")],
            "Sets the node's clock, on regtest alone."),
        RPCDeclaration("stop", .control, [.optional("wait", .integer, "Milliseconds to wait before the server ends; taken for the sake of older clients, and without effect.")], "Asks the node to stop."),
        RPCDeclaration("uptime", .control, "Seconds since the node started."),
    ]
}
