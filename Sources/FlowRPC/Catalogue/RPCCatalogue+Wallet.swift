extension RPCCatalogue {
    static let wallet: [RPCDeclaration] = [
        RPCDeclaration(
            "abandontransaction", .wallet, [.required("txid", .hex, "The transaction's id.")],
            "Gives up a payment that no block holds and that does not wait in the node's pool, so that its coins can be spent again."),
        RPCDeclaration(
            "createwallet", .wallet,
            [
                .required("wallet_name", .string, "Its name."), .optional("disable_private_keys", .boolean, default: false, "A wallet that only watches."),
                .optional("blank", .boolean, default: false, "A wallet without keys."), .optional("passphrase", .string, default: "", "Seals its secret in the file."),
                .optional("avoid_reuse", .boolean, default: false, "Taken for the sake of older clients; addresses are not reused anyhow."),
                .optional("descriptors", .boolean, default: false, "Taken for the sake of older clients, and without effect."),
                .optional("load_on_startup", .boolean, "Taken for the sake of older clients; a node loads all wallets of its directory."),
            ], "Creates and loads a new wallet with a fresh mnemonic."),
        RPCDeclaration(
            "getbalance", .wallet,
            [
                .optional("dummy", .string, "Left out, or *."), .optional("minconf", .integer, default: 0, "Only coins that so many blocks hold and follow."),
                .optional("include_watchonly", .boolean, default: false, "What is only watched too."),
                .optional("avoid_reuse", .boolean, default: true, "Taken for the sake of older clients, and without effect."),
            ], "Gives what can be spent now, in FLOW."),
        RPCDeclaration("getbalances", .wallet, "Gives all kinds of balances, in FLOW."),
        RPCDeclaration("getmnemonic", .wallet, [.optional("passphrase", .string, default: "", "The wallet's, where it has one.")], "Shows the words that bring all of the wallet's money back. Keep them secret."),
        RPCDeclaration(
            "getnewaddress", .wallet,
            [.optional("label", .string, default: "", "A label for it."), .optional("address_type", .string, "Taken for the sake of older clients; there is one kind.")],
            "Gives an address that was not handed out before."),
        RPCDeclaration(
            "gettransaction", .wallet,
            [
                .required("txid", .hex, "The transaction's id."), .optional("include_watchonly", .boolean, default: true, "What is only watched too."),
                .optional("verbose", .boolean, default: false, "With the decoded transaction."),
            ], "Tells what the wallet knows of one of its transactions."),
        RPCDeclaration("getwalletinfo", .wallet, "Tells the state of the wallet."),
        RPCDeclaration(
            "listtransactions", .wallet,
            [
                .optional("label", .string, default: "*", "Only what addresses of this label received.", aliases: ["dummy"]), .optional("count", .integer, default: 10, "How many."),
                .optional("skip", .integer, default: 0, "How many of the newest are left out."),
                .optional("include_watchonly", .boolean, default: true, "What is only watched too."),
            ], "Lists what the wallet's last transactions paid and received, the oldest first."),
        RPCDeclaration(
            "listunspent", .wallet,
            [
                .optional("minconf", .integer, default: 1, "So many blocks hold and follow it."), .optional("maxconf", .integer, default: 9_999_999, "No more than so many do."),
                .optional("addresses", .array, "Only of these addresses."), .optional("include_unsafe", .boolean, default: true, "What others pay and no block holds too."),
                .optional("query_options", .object, "minimumAmount, maximumAmount, maximumCount, minimumSumAmount."),
            ], "Lists the coins that no known transaction spends."),
        RPCDeclaration("listwalletdir", .wallet, "Lists the wallets in the node's wallet directory, and why one could not be loaded when the node started."),
        RPCDeclaration("listwallets", .wallet, "Lists the loaded wallets."),
        RPCDeclaration(
            "loadwallet", .wallet,
            [.required("filename", .string, "Its name."), .optional("load_on_startup", .boolean, "Taken for the sake of older clients; a node loads all wallets of its directory.")],
            "Loads a wallet of the node's wallet directory."),
        RPCDeclaration(
            "restorewallet", .wallet,
            [.required("wallet_name", .string, "Its name."), .required("mnemonic", .string, "The words."), .optional("passphrase", .string, default: "", "Seals its secret in the file.")],
            "Creates a wallet from the words of a mnemonic and finds its coins on the chain."),
        RPCDeclaration(
            "sendtoaddress", .wallet,
            [
                .required("address", .string, "Whom it pays."), .required("amount", .amount, "How much, in FLOW."), .optional("comment", .string, "Kept nowhere."),
                .optional("comment_to", .string, "Kept nowhere."),
            ], "Pays an amount to an address, and gives the transaction's id."),
        RPCDeclaration(
            "unloadwallet", .wallet,
            [.optional("wallet_name", .string, "Its name."), .optional("load_on_startup", .boolean, "Taken for the sake of older clients; a node loads all wallets of its directory.")], "Unloads a wallet."),
        RPCDeclaration("walletlock", .wallet, "Wipes the wallet's secret from memory."),
        RPCDeclaration(
            "walletpassphrase", .wallet, [.required("passphrase", .string, "The wallet's."), .required("timeout", .integer, "Seconds, at most 100000000.")],
            "Unlocks the wallet for a number of seconds."),
    ]
}
