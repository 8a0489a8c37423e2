extension RPCCatalogue {
    private static let comment = RPCParameter.optional("comment", .string, "A note, kept in the wallet.")
    private static let replaceable = RPCParameter.optional("replaceable", .boolean, "Another payment may take its place (BIP-125).")
    private static let target = RPCParameter.optional("conf_target", .integer, "1 to 1008 blocks; the wallet's own rate is paid.")
    private static let mode = RPCParameter.optional("estimate_mode", .string, default: "unset", "unset, economical or conservative.")
    private static let rate = RPCParameter.optional("fee_rate", .amount, "What a unit of cost is worth, in haruki.")
    private static let verbose = RPCParameter.optional("verbose", .boolean, default: false, "An object, in place of the id.")
    private static let watched = RPCParameter.optional("include_watchonly", .boolean, "What is only watched too; yes in wallets that watch only.")
    private static let label = RPCParameter.optional("label", .string, default: "", "A label for it.")
    private static let rescan = RPCParameter.optional("rescan", .boolean, default: true, "Whether blocks of before are searched.")
    private static let sighash = RPCParameter.optional("sighashtype", .string, default: "ALL", "ALL: signatures cover everything.")
    private static let leastOne = RPCParameter.optional("minconf", .integer, default: 1, "Only what so many blocks hold and follow.")
    private static let listsEmpty = RPCParameter.optional("include_empty", .boolean, default: false, "Those that received nothing too.")
    private static let psbtOptions =
        "add_inputs, changeAddress, changePosition, includeWatching, lockUnspents, fee_rate, feeRate, subtractFeeFromOutputs, replaceable, conf_target, estimate_mode."

    static let wallet: [RPCDeclaration] = [
        RPCDeclaration(
            "abandontransaction", .wallet, [.required("txid", .hex, "The transaction's id.")],
            "Gives up a payment that no block holds and that does not wait in the node's pool, so that its coins can be spent again."),
        RPCDeclaration(
            "createwallet", .wallet,
            [
                .required("wallet_name", .string, "Its name."), .optional("disable_private_keys", .boolean, default: false, "A wallet that only watches."),
                .optional("blank", .boolean, default: false, "A wallet without keys."), .optional("passphrase", .string, default: "", "Seals its secret in the file."),
                .optional("avoid_reuse", .boolean, default: false, "Coins of addresses that were spent from before are left alone."),
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
                .required("txid", .hex, "The transaction's id."), watched,
                .optional("verbose", .boolean, default: false, "With the decoded transaction."),
            ], "Tells what the wallet knows of one of its transactions."),
        RPCDeclaration("getwalletinfo", .wallet, "Tells the state of the wallet."),
        RPCDeclaration(
            "listtransactions", .wallet,
            [
                .optional("label", .string, default: "*", "Only what addresses of this label received.", aliases: ["dummy"]), .optional("count", .integer, default: 10, "How many."),
                .optional("skip", .integer, default: 0, "How many of the newest are left out."), watched,
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
                .required("address", .string, "Whom it pays."), .required("amount", .amount, "How much, in FLOW."), comment,
                .optional("comment_to", .string, "A note on whom it pays, kept in the wallet."),
                .optional("subtractfeefromamount", .boolean, default: false, "The receiver pays the fee."), replaceable, target, mode,
                .optional("avoid_reuse", .boolean, default: true, "Taken for the sake of older clients; setwalletflag decides."), rate, verbose,
            ], "Pays an amount to an address, and gives the transaction's id."),
        RPCDeclaration(
            "unloadwallet", .wallet,
            [.optional("wallet_name", .string, "Its name."), .optional("load_on_startup", .boolean, "Taken for the sake of older clients; a node loads all wallets of its directory.")], "Unloads a wallet."),
        RPCDeclaration("walletlock", .wallet, "Wipes the wallet's secret from memory."),
        RPCDeclaration(
            "walletpassphrase", .wallet, [.required("passphrase", .string, "The wallet's."), .required("timeout", .integer, "Seconds, at most 100000000.")],
            "Unlocks the wallet for a number of seconds."),
        RPCDeclaration("abortrescan", .wallet, "Ends the rescan that goes on; says whether there was one."),
        RPCDeclaration("backupwallet", .wallet, [.required("destination", .string, "A file or folder on the node's machine.")], "Writes a copy of the wallet file."),
        RPCDeclaration(
            "bumpfee", .wallet, [.required("txid", .hex, "The payment's id."), .optional("options", .object, "fee_rate, replaceable, conf_target, estimate_mode.")],
            kindErrorCode: -3, "Puts a payment with a higher fee in the place of an own one that waits and may be replaced (BIP-125)."),
        RPCDeclaration(
            "encryptwallet", .wallet, [.required("passphrase", .string, "What seals it.")], "Seals the secret of a wallet that has no passphrase, and locks it."),
        RPCDeclaration(
            "fundrawtransaction", .wallet,
            [
                .required("hexstring", .hex, "The transaction's bytes."), .optional("options", .any, psbtOptions),
                .optional("iswitness", .boolean, "Taken for the sake of older clients; there is one form."),
            ], kindErrorCode: -3, "Adds coins and change to a transaction, so that it pays for itself; the coins it names are kept."),
        RPCDeclaration("getaddressesbylabel", .wallet, [.required("label", .string, "The label.")], "The addresses of a label."),
        RPCDeclaration("getaddressinfo", .wallet, [.required("address", .string, "The address.")], "What the wallet knows of an address."),
        RPCDeclaration(
            "getrawchangeaddress", .wallet, [.optional("address_type", .string, "Taken for the sake of older clients; there is one kind.")],
            "Gives an address for change that was not handed out before."),
        RPCDeclaration(
            "getreceivedbyaddress", .wallet, [.required("address", .string, "An address of the wallet."), leastOne],
            "What an address has received, in FLOW, spent or not; newly mined coins left out."),
        RPCDeclaration(
            "getreceivedbylabel", .wallet, [.required("label", .string, "The label."), leastOne],
            "What the addresses of a label have received, in FLOW, spent or not; newly mined coins left out."),
        RPCDeclaration("getunconfirmedbalance", .wallet, "What others pay and no block holds, in FLOW."),
        RPCDeclaration(
            "importaddress", .wallet,
            [
                .required("address", .string, "The address."), label, rescan,
                .optional("p2sh", .boolean, default: false, "Taken for the sake of older clients; must be false."),
            ], "Watches an address without its key."),
        RPCDeclaration(
            "importmulti", .wallet,
            [.required("requests", .array, "Objects with scriptPubKey ({\"address\": …}), timestamp, and maybe pubkeys and label."), .optional("options", .object, "rescan.")],
            kindErrorCode: -3, "Watches several addresses without their keys; each request is answered by itself."),
        RPCDeclaration(
            "importpubkey", .wallet, [.required("pubkey", .hex, "The public key's 32 bytes."), label, rescan], "Watches a public key's address without the private key."),
        RPCDeclaration(
            "keypoolrefill", .wallet, [.optional("newsize", .integer, default: 1_000, "How many.")], "Derives so many keys ahead, of an unlocked wallet."),
        RPCDeclaration("listaddressgroupings", .wallet, "Addresses whose common owner the chain has told, with what lies at each."),
        RPCDeclaration("listlabels", .wallet, [.optional("purpose", .string, "send or receive.")], "The labels of addresses."),
        RPCDeclaration("listlockunspent", .wallet, "The coins that lockunspent keeps from being chosen."),
        RPCDeclaration(
            "listreceivedbyaddress", .wallet, [leastOne, listsEmpty, watched, .optional("address_filter", .string, "Only this address.")],
            "What each address has received, newly mined coins left out."),
        RPCDeclaration("listreceivedbylabel", .wallet, [leastOne, listsEmpty, watched], "What the addresses of each label have received, newly mined coins left out."),
        RPCDeclaration(
            "listsinceblock", .wallet,
            [
                .optional("blockhash", .string, "A block; all transactions without it."),
                .optional("target_confirmations", .integer, default: 1, "So many blocks hold and follow the block named lastblock."), watched,
                .optional("include_removed", .boolean, default: true, "What stood in blocks that the chain has left since, under removed."),
            ], "The transactions since a block, and the block to ask from the next time."),
        RPCDeclaration(
            "lockunspent", .wallet,
            [
                .required("unlock", .boolean, "Whether they may be chosen again."), .optional("transactions", .array, "Objects with txid and vout; all that are locked without it."),
                .optional("persistent", .boolean, default: false, "Kept in the wallet file."),
            ], kindErrorCode: -3, "Keeps coins from being chosen for payments."),
        RPCDeclaration(
            "psbtbumpfee", .wallet, [.required("txid", .hex, "The payment's id."), .optional("options", .object, "fee_rate, replaceable, conf_target, estimate_mode.")],
            kindErrorCode: -3, "As bumpfee, and gives the payment for others to sign."),
        RPCDeclaration(
            "rescanblockchain", .wallet,
            [
                .optional("start_height", .integer, default: 0, "The first block."),
                .optional("stop_height", .integer, "Taken for the sake of older clients; what follows is looked at too."),
            ], "Looks at blocks again for what the wallet holds and watches."),
        RPCDeclaration(
            "send", .wallet,
            [
                .required("outputs", .any, "Amounts by address, as an object or a list of objects."), target, mode, rate,
                .optional(
                    "options", .object,
                    "add_inputs, add_to_wallet, change_address, change_position, fee_rate, include_watching, inputs, locktime, lock_unspents, psbt, subtract_fee_from_outputs, replaceable."),
            ], kindErrorCode: -3, "Pays, or makes a transaction for others to sign."),
        RPCDeclaration(
            "sendmany", .wallet,
            [
                .required("dummy", .string, "Empty."), .required("amounts", .object, "Amounts by address."),
                .optional("minconf", .integer, "Taken for the sake of older clients, and without effect."), comment,
                .optional("subtractfeefrom", .array, "Addresses that pay the fee in equal parts."), replaceable, target, mode, rate, verbose,
            ], "Pays several addresses at once, and gives the transaction's id."),
        RPCDeclaration(
            "setlabel", .wallet, [.required("address", .string, "An address, of the wallet or not."), .required("label", .string, "The label.")], "Gives an address a label."),
        RPCDeclaration(
            "settxfee", .wallet, [.required("amount", .amount, "In FLOW for 1,000 units of cost; 0 for the standard.")],
            "Sets what the wallet pays for room in a block, until the node ends."),
        RPCDeclaration(
            "setwalletflag", .wallet, [.required("flag", .string, "avoid_reuse."), .optional("value", .boolean, default: true, "Its new state.")],
            "With avoid_reuse coins of addresses that were spent from before are left alone."),
        RPCDeclaration(
            "signmessage", .wallet, [.required("address", .string, "An address of the wallet."), .required("message", .string, "The message.")],
            "Signs a message with an address's key."),
        RPCDeclaration(
            "signrawtransactionwithwallet", .wallet,
            [
                .required("hexstring", .hex, "The transaction's bytes."),
                .optional("prevtxs", .array, "Outputs that it spends and the node does not know: objects with txid, vout, scriptPubKey and amount."), sighash,
            ], kindErrorCode: -3, "Signs what the wallet's keys can sign of a transaction."),
        RPCDeclaration(
            "simulaterawtransaction", .wallet, [.required("rawtxs", .array, "The transactions' bytes."), .optional("options", .object, "include_watchonly.")],
            kindErrorCode: -3, "By how much transactions would change the wallet's balance."),
        RPCDeclaration(
            "walletcreatefundedpsbt", .wallet,
            [
                .required("inputs", .array, "Coins that are spent in any case: objects with txid, vout and maybe sequence."),
                .required("outputs", .any, "Amounts by address, as an object or a list of objects."),
                .optional("locktime", .integer, default: 0, "The height or time before which no block may hold it."), .optional("options", .object, psbtOptions),
                .optional("bip32derivs", .boolean, default: true, "Taken for the sake of older clients; paths are told."),
            ], kindErrorCode: -3, "Makes a transaction that pays for itself, for others to sign."),
        RPCDeclaration(
            "walletpassphrasechange", .wallet, [.required("oldpassphrase", .string, "The wallet's."), .required("newpassphrase", .string, "Its new one.")],
            "Changes the passphrase."),
        RPCDeclaration(
            "walletprocesspsbt", .wallet,
            [
                .required("psbt", .string, "A partially signed transaction, in base64."), .optional("sign", .boolean, default: true, "Whether it is signed."), sighash,
                .optional("bip32derivs", .boolean, default: true, "Taken for the sake of older clients; paths are told."),
                .optional("finalize", .boolean, default: true, "Whether signatures are made final."),
            ], kindErrorCode: -3, "Adds what the wallet knows of a partially signed transaction, and signs what its keys can sign."),
    ]
}
