extension RPCCatalogue {
    private static let highestRate = RPCParameter.optional(
        "maxfeerate", .amount, default: .number("0.10"), "Refused where it pays more, in FLOW for 1,000 units of cost; 0 for no limit.")

    static let rawTransactions: [RPCDeclaration] = [
        RPCDeclaration(
            "combinerawtransaction", .rawTransactions, [.required("txs", .array, "The same transaction, signed in parts.")],
            "Joins the witnesses of copies of one transaction."),
        RPCDeclaration(
            "createrawtransaction", .rawTransactions,
            [
                .required("inputs", .array, "Objects with txid, vout and maybe sequence."), .required("outputs", .any, "Amounts by address, as an object or a list of objects."),
                .optional("locktime", .integer, default: 0, "The height or time before which no block may hold it."),
                .optional("replaceable", .boolean, default: false, "Signals that it may be replaced (BIP-125)."),
            ], kindErrorCode: -3, "Makes a transaction without signatures."),
        RPCDeclaration("decodescript", .rawTransactions, [.required("hexstring", .hex, "Version, length and bytes.")], "A lock program's bytes as an object."),
        RPCDeclaration("decoderawtransaction", .rawTransactions, [.required("hexstring", .hex, "The transaction's bytes.")], kindErrorCode: -3, "A transaction's bytes as an object."),
        RPCDeclaration(
            "getrawtransaction", .rawTransactions,
            [
                .required("txid", .hex, "The transaction's id."), .optional("verbose", .boolean, default: false, "An object, in place of bytes."),
                .optional("blockhash", .hex, "The block that holds it."),
            ], "A transaction of the mempool, of the block that is named, or with -txindex of any block."),
        RPCDeclaration(
            "sendrawtransaction", .rawTransactions, [.required("hexstring", .hex, "The transaction's bytes."), highestRate], kindErrorCode: -3,
            "Hands a transaction to the node and its peers; gives its id."),
        RPCDeclaration(
            "testmempoolaccept", .rawTransactions, [.required("rawtxs", .array, "The bytes of 1 to 25 transactions, parents before children."), highestRate],
            kindErrorCode: -3, "Says whether the mempool would take transactions, each with those before it."),
        RPCDeclaration(
            "submitpackage", .rawTransactions, [.required("package", .array, "The bytes of 1 to 25 transactions, parents before children."), highestRate],
            kindErrorCode: -3, "Hands transactions that depend on each other to the node and its peers, all or none of them."),
        RPCDeclaration("validateaddress", .util, [.required("address", .string, "What may be an address.")], "Says whether a text is an address of this network."),
    ]
}
