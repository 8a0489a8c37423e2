extension RPCCatalogue {
    private static let psbt = RPCParameter.required("psbt", .string, "A partially signed transaction, in base64.")
    private static let parts = RPCParameter.required("txs", .array, "Partially signed transactions, in base64.")

    /// What is signed without a wallet, and transactions that several hands sign.
    static let signing: [RPCDeclaration] = [
        RPCDeclaration("analyzepsbt", .rawTransactions, [psbt], kindErrorCode: -3, "What a partially signed transaction lacks, and whose turn it is."),
        RPCDeclaration("combinepsbt", .rawTransactions, [parts], kindErrorCode: -3, "Joins what several copies of one transaction know."),
        RPCDeclaration(
            "converttopsbt", .rawTransactions,
            [
                .required("hexstring", .hex, "The transaction's bytes."), .optional("permitsigdata", .boolean, default: false, "Leaves signatures out, in place of an error."),
                .optional("iswitness", .boolean, "Taken for the sake of older clients; there is one form."),
            ], kindErrorCode: -3, "A transaction as a partially signed one."),
        RPCDeclaration(
            "createpsbt", .rawTransactions,
            [
                .required("inputs", .array, "Objects with txid, vout and maybe sequence."), .required("outputs", .any, "Amounts by address, as an object or a list of objects."),
                .optional("locktime", .integer, default: 0, "The height or time before which no block may hold it."),
                .optional("replaceable", .boolean, default: false, "Signals that it may be replaced (BIP-125)."),
            ], kindErrorCode: -3, "Makes a transaction for others to complete and sign."),
        RPCDeclaration("decodepsbt", .rawTransactions, [psbt], kindErrorCode: -3, "A partially signed transaction as an object."),
        RPCDeclaration(
            "finalizepsbt", .rawTransactions, [psbt, .optional("extract", .boolean, default: true, "Gives the whole transaction, once it is complete.")],
            kindErrorCode: -3, "Makes witnesses of signatures that hold."),
        RPCDeclaration("joinpsbts", .rawTransactions, [parts], kindErrorCode: -3, "Makes one transaction of several different ones."),
        RPCDeclaration(
            "signmessagewithprivkey", .util, [.required("privkey", .hex, "The 32 bytes of a private key's seed."), .required("message", .string, "The message.")],
            "Signs a message with a private key."),
        RPCDeclaration(
            "signrawtransactionwithkey", .rawTransactions,
            [
                .required("hexstring", .hex, "The transaction's bytes."), .required("privkeys", .array, "Private keys, as the 32 bytes of their seeds."),
                .optional("prevtxs", .array, "Outputs that it spends and the node does not know: objects with txid, vout, scriptPubKey and amount."),
                .optional("sighashtype", .string, default: "ALL", "ALL: signatures cover everything."),
            ], kindErrorCode: -3, "Signs what given keys can sign of a transaction."),
        RPCDeclaration(
            "utxoupdatepsbt", .rawTransactions, [psbt, .optional("descriptors", .array, "Taken for the sake of older clients, and without effect.")],
            kindErrorCode: -3, "Adds what the inputs spend, from the node's coins and its pool."),
        RPCDeclaration(
            "verifymessage", .util,
            [.required("address", .string, "Who is said to have signed."), .required("signature", .string, "In base64."), .required("message", .string, "The message.")],
            "Says whether a message was signed by the holder of an address."),
    ]
}
