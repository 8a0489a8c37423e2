extension RPCCatalogue {
    static let network: [RPCDeclaration] = [
        RPCDeclaration(
            "addnode", .network, [.required("node", .string, "host or host:port."), .required("command", .string, "add, remove or onetry.")],
            "Keeps connected to a node (add), no longer does (remove), or tries once (onetry)."),
        RPCDeclaration(
            "addpeeraddress", .network, [.required("address", .string, "The node's address."), .required("port", .integer, "Its port.")],
            "Learns where another node may be, as if a peer had told."),
        RPCDeclaration("ping", .network, "Measures the way to each peer now; getpeerinfo tells what came of it."),
        RPCDeclaration(
            "setnetworkactive", .network, [.required("state", .boolean, "Whether the node talks with others.")],
            "Ends all connections and takes and tries none (false), or talks with others again (true)."),
        RPCDeclaration("clearbanned", .network, "Lifts all bans."),
        RPCDeclaration(
            "disconnectnode", .network,
            [.optional("address", .string, default: "", "The peer's address."), .optional("nodeid", .integer, "The peer's number, with an empty address.")],
            "Ends the connection to a peer."),
        RPCDeclaration("getaddednodeinfo", .network, [.optional("node", .string, "Only this one.")], "The nodes that addnode and -connect named."),
        RPCDeclaration("getconnectioncount", .network, "Number of peers."),
        RPCDeclaration("getnettotals", .network, "Bytes sent and received since the start."),
        RPCDeclaration("getnodeaddresses", .network, [.optional("count", .integer, default: 1, "How many; 0 for all.")], "Places of other nodes that are known."),
        RPCDeclaration("getnetworkinfo", .network, "The node's own state on the network."),
        RPCDeclaration("getpeerinfo", .network, "What is known of each peer."),
        RPCDeclaration("listbanned", .network, "Hosts and ranges that are kept out."),
        RPCDeclaration(
            "setban", .network,
            [
                .required("subnet", .string, "A host, or a range like 1.2.0.0/16."), .required("command", .string, "add or remove."),
                .optional("bantime", .integer, default: 0, "Seconds; 0 for a day."),
                .optional("absolute", .boolean, default: false, "bantime is a Unix time."),
            ], "Keeps a host or a range out (add) for some seconds, or lets it in again (remove)."),
    ]
}
