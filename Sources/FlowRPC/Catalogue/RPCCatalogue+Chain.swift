extension RPCCatalogue {
    static let blockchain: [RPCDeclaration] = [
        RPCDeclaration("getbestblockhash", .blockchain, "Hash of the tip."),
        RPCDeclaration(
            "getblock", .blockchain,
            [
                .required("blockhash", .hex, "The block's hash."),
                .optional("verbosity", .level, default: 1, "0 as hexadecimal, 1 with the ids of its transactions, 2 with its transactions.", aliases: ["verbose"]),
            ], "A block."),
        RPCDeclaration("getblockchaininfo", .blockchain, "The state of the chain."),
        RPCDeclaration("getblockcount", .blockchain, "Height of the tip; the genesis block has 0."),
        RPCDeclaration("getblockhash", .blockchain, [.required("height", .integer, "Height of the block.")], "Hash of the block at a height of the tip's chain."),
        RPCDeclaration(
            "getblockheader", .blockchain,
            [.required("blockhash", .hex, "The block's hash."), .optional("verbose", .boolean, default: true, "An object; else the header's bytes in hexadecimal.")],
            "A block's header."),
        RPCDeclaration(
            "getblockstats", .blockchain,
            [.required("hash_or_height", .any, "The block's hash or height."), .optional("stats", .array, "The figures to give; all unless told otherwise.")],
            "Counts of a block. Fees are in haruki, their rates in haruki for 1,000 units of cost; totalfee is what the coinbase took beyond the subsidy."),
        RPCDeclaration(
            "getchaintxstats", .blockchain,
            [.optional("nblocks", .integer, "Blocks of the window; a month of them unless told otherwise."), .optional("blockhash", .hex, "The block that ends it; the tip unless told otherwise.")],
            "Number and rate of the chain's transactions."),
        RPCDeclaration("getchaintips", .blockchain, "The ends of all known branches."),
        RPCDeclaration("getdifficulty", .blockchain, "How many times harder than the easiest target the tip's is."),
        RPCDeclaration(
            "getindexinfo", .util, [.optional("index_name", .string, default: "", "Only this one.")], "The indices that the node keeps, and how far each has come."),
        RPCDeclaration(
            "gettxout", .blockchain,
            [
                .required("txid", .hex, "The transaction's id."), .required("n", .integer, "Number of the output."),
                .optional("include_mempool", .boolean, default: true, "Whether what waits counts as spent, and its outputs as there."),
            ], "An unspent output; null when it is spent or unknown."),
        RPCDeclaration(
            "gettxoutproof", .blockchain,
            [.required("txids", .array, "Ids of transactions of one block."), .optional("blockhash", .hex, "That block; left out, one of them must have an unspent output.")], kindErrorCode: -3,
            "A proof that the transactions stand in a block, in hexadecimal."),
        RPCDeclaration(
            "gettxoutsetinfo", .blockchain, [.optional("hash_type", .string, default: "hash_serialized_2", "none, or hash_serialized, also with Core's numbers behind it: there is one kind of hash.")],
            "Number, sum and hash of all unspent outputs."),
        RPCDeclaration(
            "invalidateblock", .blockchain, [.required("blockhash", .hex, "The block's hash.")],
            "Leaves a block and all that builds on it, until reconsiderblock or a restart."),
        RPCDeclaration(
            "preciousblock", .blockchain, [.required("blockhash", .hex, "The block's hash.")], "Prefers a block to others of as much work, as if it had come first."),
        RPCDeclaration(
            "reconsiderblock", .blockchain, [.required("blockhash", .hex, "The block's hash.")],
            "Lets a block that was called invalid, and what builds on it, be judged again; peers are asked for it anew."),
        RPCDeclaration(
            "scantxoutset", .blockchain,
            [
                .required("action", .string, "start; abort and status say that no scan is under way, since a scan answers when it is done."),
                .optional("scanobjects", .array, "Addresses, as they are, as addr(…), or as objects with desc."),
            ], "Looks through all unspent outputs for those of some addresses."),
        RPCDeclaration(
            "verifychain", .blockchain,
            [
                .optional("checklevel", .integer, default: 3, "0 the bodies, 1 the rules of a block alone, 2 what undoes it, 3 taking it back, 4 connecting it again, signatures included."),
                .optional("nblocks", .integer, default: 6, "Blocks from the tip down; 0 for all."),
            ], "Looks at stored blocks again; false where one is wrong."),
        RPCDeclaration(
            "verifytxoutproof", .blockchain, [.required("proof", .hex, "What gettxoutproof gave.")],
            "The ids that a proof shows to stand in a block of the tip's chain; none where the proof is not valid."),
        RPCDeclaration(
            "waitforblock", .blockchain, [.required("blockhash", .hex, "The block's hash."), timeout], "Waits until a block is the tip, and tells the tip."),
        RPCDeclaration(
            "waitforblockheight", .blockchain, [.required("height", .integer, "The height."), timeout], "Waits until the tip is that high, and tells the tip."),
        RPCDeclaration("waitfornewblock", .blockchain, [timeout], "Waits until the tip is another one, and tells it."),
    ]

    private static let timeout = RPCParameter.optional("timeout", .integer, default: 0, "Milliseconds; 0 for no limit.")

    private static let relatives = RPCParameter.optional("verbose", .boolean, default: false, "Objects by id, in place of a list of ids.")

    static let mempool: [RPCDeclaration] = [
        RPCDeclaration("getmempoolancestors", .blockchain, [.required("txid", .hex, "The transaction's id."), relatives], "What a waiting transaction depends on, in the pool."),
        RPCDeclaration("getmempooldescendants", .blockchain, [.required("txid", .hex, "The transaction's id."), relatives], "What depends on a waiting transaction, in the pool."),
        RPCDeclaration(
            "prioritisetransaction", .mining,
            [
                .required("txid", .hex, "The transaction's id."), .required("dummy", .any, "0: there is no priority any more."),
                .required("fee_delta", .integer, "Haruki that count beside its fee when a block is filled, for this node alone; may be negative."),
            ], "Lets a transaction count as paying more or less than it does."),
        RPCDeclaration("getmempoolentry", .blockchain, [.required("txid", .hex, "The transaction's id.")], "What is known of a waiting transaction."),
        RPCDeclaration("getmempoolinfo", .blockchain, "Size and limits of the mempool."),
        RPCDeclaration(
            "getrawmempool", .blockchain,
            [
                .optional("verbose", .boolean, default: false, "Objects by id, in place of a list of ids."),
                .optional("mempool_sequence", .boolean, default: false, "With the number of the pool's last change; not together with verbose."),
            ], "The waiting transactions."),
        RPCDeclaration("savemempool", .blockchain, "Does nothing: each change of the pool is stored before anybody is told of it."),
    ]

    static let mining: [RPCDeclaration] = [
        RPCDeclaration(
            "getnetworkhashps", .mining,
            [
                .optional("nblocks", .integer, default: 120, "Over so many blocks; from 0 down, those since the target moved last."),
                .optional("height", .integer, default: -1, "As it was at that height; the tip unless told otherwise."),
            ], "The tickets a second that the blocks' targets stand for. A ticket is one training step."),
        RPCDeclaration("submitheader", .mining, [.required("hexdata", .hex, "The header's bytes.")], "Hands a header in."),
        RPCDeclaration(
            "generate", .generating,
            [.required("nblocks", .integer, "How many blocks."), .optional("maxtries", .integer, default: 1_000_000, "The most trajectories that are trained.")],
            "Mines blocks in the node, to a new address of the wallet, and gives their hashes."),
        RPCDeclaration(
            "generatetoaddress", .generating,
            [
                .required("nblocks", .integer, "How many blocks."), .required("address", .string, "Whom they pay."),
                .optional("maxtries", .integer, default: 1_000_000, "The most trajectories that are trained."),
            ], "Mines blocks in the node and gives their hashes."),
        RPCDeclaration(
            "generateblock", .generating,
            [
                .required("output", .string, "Whom the block pays."),
                .required("transactions", .array, "Ids of waiting transactions, or bytes of others, in their order in the block; nothing else is in it."),
            ], "Mines a block with certain transactions in the node."),
        RPCDeclaration(
            "getblocktemplate", .mining, [.optional("template_request", .object, "As BIP-22 has it; a longpollid in it waits for a new tip. With mode proposal and a block in data (BIP-23) the answer is null, or why the block would be refused, whatever its training.")],
            "All that an external miner needs for the next block. The weights are at /rest/modelstate/<modelroot>.bin."),
        RPCDeclaration("getmininginfo", .mining, "What mining works on."),
        RPCDeclaration(
            "submitblock", .mining, [.required("hexdata", .hex, "The block's bytes."), .optional("dummy", .any, "Taken for the sake of BIP-22, and without effect.")],
            "Hands a block in; null when it is connected, else the reason (BIP-22)."),
    ]
}
