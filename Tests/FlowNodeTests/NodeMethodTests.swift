@testable import FlowConsensus
import FlowCrypto
import FlowEncoding
@testable import FlowP2P
import FlowRPC
import TestSupport
import Testing

@testable import FlowNode

/// What the node answers over JSON-RPC, method by method: a right call, and what is refused with which number.
@Suite struct NodeMethodTests {
    private final class Caller: Sendable {
        let folder: TemporaryFolder
        let node: Node
        let address: String
        let hashes: [JSONValue]

        /// A node with three blocks.
        init() async throws {
            folder = try TemporaryFolder()
            var configuration = NodeConfiguration(parameters: try TestNetwork.parameters(), dataDirectory: folder.path)
            configuration.listens = false
            configuration.threads = 1
            node = try await Node(configuration)
            address = try Address(program: try TestKey(3).program, prefix: "rfl").description
            let reply = try JSONParser.parse(
                await node.rpc.handle(body: (["method": "generatetoaddress", "params": [3, .string(address)]] as JSONValue).encodedBytes).body)
            hashes = reply["result"]?.arrayValue ?? []
        }

        func reply(_ method: String, _ arguments: JSONValue) async throws -> JSONValue {
            let request: JSONValue = ["method": .string(method), "params": arguments, "id": 1]
            return try JSONParser.parse(await node.rpc.handle(body: request.encodedBytes).body)
        }

        func call(_ method: String, _ arguments: JSONValue = [], sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSONValue {
            let reply = try await reply(method, arguments)
            #expect(reply["error"] == .null, "\(method): \(reply.text)", sourceLocation: sourceLocation)
            return reply["result"] ?? .null
        }

        func refuses(_ code: Int, _ method: String, _ arguments: JSONValue, sourceLocation: SourceLocation = #_sourceLocation) async throws {
            let reply = try await reply(method, arguments)
            #expect(reply["error"]?["code"] == .integer(code), "\(method) \(arguments.text): \(reply.text)", sourceLocation: sourceLocation)
        }
    }

    /// Found by asking litecoind the same (Tests/Compatibility/compare_rpc.py).
    @Test func argumentsThatMeanNothingAreNotTakenForOthers() async throws {
        let caller = try await Caller()
        try await caller.refuses(-8, "gettxoutsetinfo", ["nonsense"])
        #expect(try await caller.call("gettxoutsetinfo", ["none"])["hash_serialized"] == nil)
        let coins = try await caller.call("gettxoutsetinfo", ["hash_serialized_3"])
        #expect(coins["transactions"] == 3 && coins["txouts"] == 3 && coins["hash_serialized"]?.stringValue?.count == 64)
        try await caller.refuses(-8, "scantxoutset", ["nonsense"])
        #expect(try await caller.call("scantxoutset", ["abort"]) == false)
        try await caller.refuses(-8, "verifytxoutproof", ["zz"])
        #expect(try await caller.call("verifytxoutproof", ["00"]) == [])
        try await caller.refuses(-30, "setban", ["nonsense", "add"])
        #expect(try await caller.call("listbanned") == [])
        try await caller.refuses(-32_602, "disconnectnode", [])
        try await caller.refuses(-32_602, "disconnectnode", ["127.0.0.1:9", 5])
        try await caller.refuses(-29, "disconnectnode", ["", 5])
        try await caller.refuses(-24, "getaddednodeinfo", ["127.0.0.1:9"])
        _ = try await caller.call("addnode", ["127.0.0.1:1", "add"])
        #expect(try await caller.call("getaddednodeinfo", ["127.0.0.1:1"]) == [["addednode": "127.0.0.1:1", "connected": false, "addresses": []]])
        let block = try await caller.call("getblock", [try #require(caller.hashes.last), 2])
        #expect(block["tx"]?[0]?["hex"] != nil && block["strippedsize"] == block["size"])
        let program = try await caller.call("validateaddress", [.string(caller.address)])
        #expect(program["scriptPubKey"]?.stringValue?.hasSuffix(program["witness_program"]?.stringValue ?? "-") == true)
    }

    @Test func proposals() async throws {
        let caller = try await Caller()
        #expect(try await caller.call("getblocktemplate")["capabilities"] == ["proposal"])
        func ask(_ block: Block) -> JSONValue { [["mode": "proposal", "data": .string(Hex.encode(block.encoded))]] }
        let block = try await caller.node.chain.blockTemplate().block(paying: try TestKey(3).program)
        #expect(try await caller.call("getblocktemplate", ask(block)) == .null)
        #expect(try await caller.call("getblockcount") == 3)
        var other = block
        other.transactions = []
        #expect(try await caller.call("getblocktemplate", ask(other)) == "no-transactions")
        try await caller.refuses(-3, "getblocktemplate", [["mode": "proposal"]])
        try await caller.refuses(-22, "getblocktemplate", [["mode": "proposal", "data": .string(Hex.encode(Array(block.encoded.dropLast())))]])
        try await caller.refuses(-22, "getblocktemplate", [["mode": "proposal", "data": "zz"]])
        try await caller.refuses(-8, "getblocktemplate", [["mode": "nonsense"]])
        await caller.node.stop()
    }

    @Test func statistics() async throws {
        let caller = try await Caller()
        let hash = try #require(caller.hashes.last)
        let block = try await caller.call("getblockstats", [3])
        #expect(block["blockhash"] == hash && block["txs"] == 1 && block["outs"] == 1 && block["ins"] == 0 && block["subsidy"] == 5_000_000_000 && block["totalfee"] == 0)
        #expect(try await caller.call("getblockstats", [hash]) == block)
        #expect(try await caller.call("getblockstats", [hash, ["txs", "height"]]) == ["height": 3, "txs": 1])
        try await caller.refuses(-8, "getblockstats", [4])
        try await caller.refuses(-8, "getblockstats", [-1])
        try await caller.refuses(-8, "getblockstats", ["00"])
        try await caller.refuses(-5, "getblockstats", [.string(String(repeating: "0", count: 64))])
        try await caller.refuses(-8, "getblockstats", [3, ["nothing"]])
        let chain = try await caller.call("getchaintxstats")
        #expect(chain["txcount"] == 4 && chain["window_block_count"] == 2 && chain["window_tx_count"] == 2 && chain["window_final_block_hash"] == hash)
        #expect(try await caller.call("getchaintxstats", [0, .string(caller.hashes[0].stringValue ?? "")])["txcount"] == 2)
        try await caller.refuses(-8, "getchaintxstats", [3])
        try await caller.refuses(-8, "getchaintxstats", [-1])
        try await caller.refuses(-1, "getchaintxstats", ["x"])
        #expect(try await (caller.call("getnetworkhashps").doubleValue ?? -1) >= 0)
        try await caller.refuses(-1, "getnetworkhashps", ["x"])
        let stages = try await caller.call("getgrowthschedule")
        #expect(stages[0]?["height"] == 0 && stages[0]?["inforce"] == true && stages[0]?["costratio"] == 1)
        try await caller.refuses(-1, "getgrowthschedule", [1])
        await caller.node.stop()
    }

    @Test func theNetworkIsSwitchedOffAndOn() async throws {
        let caller = try await Caller()
        #expect(try await caller.call("ping") == .null)
        try await caller.refuses(-1, "ping", [1])
        #expect(try await caller.call("getnetworkinfo")["networkactive"] == true)
        #expect(try await caller.call("setnetworkactive", [false]) == false)
        #expect(try await caller.call("getnetworkinfo")["networkactive"] == false)
        #expect(try await caller.call("setnetworkactive", [true]) == true)
        try await caller.refuses(-1, "setnetworkactive", ["x"])
        #expect(try await caller.call("addpeeraddress", ["5.6.7.8", 9_555]) == ["success": true])
        #expect(try await caller.call("addpeeraddress", ["5.6.7.8", 9_555])["success"] == false)
        #expect(try await caller.call("getnodeaddresses", [0])[0]?["address"] == "5.6.7.8")
        try await caller.refuses(-8, "addpeeraddress", ["5.6.7.8", 65_536])
        try await caller.refuses(-30, "addpeeraddress", ["nowhere", 1])
        await caller.node.stop()
    }

    @Test func packagesAndBlocksOfOnesChoice() async throws {
        let caller = try await Caller()
        _ = try await caller.call("generatetoaddress", [100, .string(caller.address)])
        let key = try TestKey(3), chain = caller.node.chain
        var parents: [Transaction] = []
        for height in [1, 2] as [BlockHeight] {
            let entry = try #require(await chain.entry(at: height))
            let coinbase = try #require(try await chain.block(entry.hash)?.transactions.first)
            let place = OutPoint(txid: coinbase.txid, index: 0)
            let coin = try #require(try await chain.coin(place))
            parents.append(key.payment(from: [(place, coin)], to: [TransactionOutput(value: Amount(haruki: 4_999_900_000), program: key.program)], genesis: chain.genesisHash))
        }
        func child(of parent: Transaction, _ value: Int64) -> Transaction {
            let coin = Coin(output: parent.outputs[0], height: 104, isCoinbase: false)
            return key.payment(
                from: [(OutPoint(txid: parent.txid, index: 0), coin)], to: [TransactionOutput(value: Amount(haruki: value), program: key.program)], genesis: chain.genesisHash)
        }
        func hex(_ transaction: Transaction) -> JSONValue { .string(Hex.encode(transaction.encoded)) }
        let first = child(of: parents[0], 4_999_800_000)
        let tested = try await caller.call("testmempoolaccept", [[hex(parents[0]), hex(first)]])
        #expect(tested[0]?["allowed"] == true && tested[1]?["allowed"] == true && tested[1]?["txid"] == .string(first.txid.displayHex))
        #expect(try await caller.call("testmempoolaccept", [[hex(first)]])[0]?["reject-reason"] == "bad-txns-inputs-missingorspent")
        #expect(try await caller.call("testmempoolaccept", [[hex(first), hex(parents[0])]])[0]?["package-error"] == "package-not-sorted")
        try await caller.refuses(-8, "testmempoolaccept", [[]])
        try await caller.refuses(-22, "testmempoolaccept", [["00"]])
        try await caller.refuses(-25, "submitpackage", [[hex(first), hex(parents[0])]])
        // A child that is worth too little takes its parent with it: all or none.
        let worthless = try await caller.call("submitpackage", [[hex(parents[0]), hex(child(of: parents[0], 4_999_900_000))]])
        #expect(worthless["package_msg"] == "transaction failed")
        #expect(try await caller.call("getrawmempool") == [])
        let taken = try await caller.call("submitpackage", [[hex(parents[0]), hex(first)]])
        #expect(taken["package_msg"] == "success" && taken["tx-results"]?[first.witnessHash.displayHex]?["fees"]?["base"] == .number("0.00100000"))
        // A block with one that waits and one that nobody has seen.
        try await caller.refuses(-25, "generateblock", [.string(caller.address), [.string(first.txid.displayHex)]])
        try await caller.refuses(-5, "generateblock", [.string(caller.address), [.string(String(repeating: "0", count: 64))]])
        try await caller.refuses(-22, "generateblock", [.string(caller.address), ["zz"]])
        try await caller.refuses(-5, "generateblock", ["nobody", []])
        let made = try await caller.call("generateblock", [.string(caller.address), [.string(parents[0].txid.displayHex), hex(parents[1])]])
        let block = try await caller.call("getblock", [made["hash"] ?? .null])
        #expect(block["tx"]?.arrayValue?.dropFirst() == [.string(parents[0].txid.displayHex), .string(parents[1].txid.displayHex)])
        #expect(try await caller.call("getrawmempool") == [.string(first.txid.displayHex)])
        let fees = try await caller.call("getblockstats", [made["hash"] ?? .null])
        #expect(fees["totalfee"] == 200_000 && fees["minfee"] == 100_000 && fees["maxfee"] == 100_000 && fees["medianfee"] == 100_000 && fees["avgfee"] == 100_000)
        #expect(fees["minfeerate"] == fees["maxfeerate"] && fees["feerate_percentiles"]?.arrayValue?.count == 5)
        await caller.node.stop()
    }

    @Test func whatThisNodeDoesNotHave() async throws {
        let caller = try await Caller()
        try await caller.refuses(-1, "setmocktime", [1])
        #expect(try await caller.call("getindexinfo") == [:])
        try await caller.refuses(-1, "getindexinfo", [1])
        await caller.node.stop()
    }

    @Test func waiting() async throws {
        let caller = try await Caller()
        let tip: JSONValue = ["hash": try #require(caller.hashes.last), "height": 3]
        #expect(try await caller.call("waitforblockheight", [3]) == tip)
        #expect(try await caller.call("waitforblockheight", [9, 20]) == tip)
        #expect(try await caller.call("waitforblock", [tip["hash"] ?? .null]) == tip)
        #expect(try await caller.call("waitfornewblock", [20]) == tip)
        // Blocks come until the callers are through: which of them a caller sees first is for the machine to say.
        let mining = Task {
            while !Task.isCancelled {
                _ = try await caller.reply("generatetoaddress", [1, .string(caller.address)])
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        async let next = caller.call("waitfornewblock")
        #expect(try await (caller.call("waitforblockheight", [5])["height"]?.intValue ?? 0) >= 5)
        #expect(try await (next["height"]?.intValue ?? 0) >= 4)
        mining.cancel()
        _ = await mining.result
        try await caller.refuses(-1, "waitfornewblock", [-1])
        try await caller.refuses(-8, "waitforblock", ["00"])
        try await caller.refuses(-1, "waitforblockheight", [])
        await caller.node.stop()
    }

    @Test func proofs() async throws {
        let caller = try await Caller()
        let hash = try #require(caller.hashes.last)
        let txid = try #require(try await caller.call("getblock", [hash])["tx"]?[0])
        let proof = try await caller.call("gettxoutproof", [[txid]])
        #expect(try await caller.call("gettxoutproof", [[txid], hash]) == proof)
        #expect(try await caller.call("verifytxoutproof", [proof]) == [txid])
        #expect(try await caller.call("verifytxoutproof", ["00"]) == [])
        try await caller.refuses(-5, "gettxoutproof", [[txid], caller.hashes[0]])
        try await caller.refuses(-5, "gettxoutproof", [[.string(String(repeating: "1", count: 64))]])
        try await caller.refuses(-8, "gettxoutproof", [[]])
        try await caller.refuses(-8, "gettxoutproof", [[txid, txid]])
        try await caller.refuses(-8, "gettxoutproof", [["00"]])
        try await caller.refuses(-3, "gettxoutproof", ["x"])
        await caller.node.stop()
    }

    @Test func rawTransactions() async throws {
        let caller = try await Caller()
        let input: JSONValue = ["txid": .string(String(repeating: "1", count: 64)), "vout": 1]
        let raw = try await caller.call("createrawtransaction", [[input], [.object([.init(caller.address, .number("0.5"))])], 7, true])
        let decoded = try await caller.call("decoderawtransaction", [raw])
        #expect(decoded["locktime"] == 7 && decoded["vin"]?[0]?["sequence"] == 0xffff_fffd && decoded["vout"]?[0]?["value"] == .number("0.50000000"))
        #expect(decoded["vout"]?[0]?["scriptPubKey"]?["address"] == .string(caller.address))
        #expect(try await caller.call("createrawtransaction", [[input], .object([.init(caller.address, 1)])]).stringValue != nil)
        let outputs = JSONValue.object([.init(caller.address, 1)])
        try await caller.refuses(-8, "createrawtransaction", [[["vout": 1]], outputs])
        try await caller.refuses(-8, "createrawtransaction", [[["txid": .string(String(repeating: "1", count: 64))]], outputs])
        try await caller.refuses(-8, "createrawtransaction", [[["txid": .string(String(repeating: "1", count: 64)), "vout": -1]], outputs])
        try await caller.refuses(-5, "createrawtransaction", [[], ["notanaddress": 1]])
        try await caller.refuses(-3, "createrawtransaction", [[], .object([.init(caller.address, -1)])])
        try await caller.refuses(-3, "createrawtransaction", [[], .object([.init(caller.address, .number("0.123456789"))])])
        try await caller.refuses(-8, "createrawtransaction", [[], [outputs, outputs]])
        try await caller.refuses(-8, "createrawtransaction", [[], outputs, -1])
        try await caller.refuses(-8, "createrawtransaction", [[["txid": .string(String(repeating: "1", count: 64)), "vout": 0, "sequence": 0xffff_ffff]], outputs, 0, true])
        try await caller.refuses(-3, "createrawtransaction", ["x", outputs])
        #expect(try await caller.call("combinerawtransaction", [[raw, raw]]) == raw)
        try await caller.refuses(-22, "combinerawtransaction", [["00"]])
        try await caller.refuses(-22, "combinerawtransaction", [[]])
        let program = try TestKey(3).program
        let script = try await caller.call("decodescript", [.string(Hex.encode(program.encoded))])
        #expect(script["address"] == .string(caller.address) && script["ispayable"] == true)
        try await caller.refuses(-22, "decodescript", ["ff"])
        await caller.node.stop()
    }

    @Test func networkAndHeaders() async throws {
        let caller = try await Caller()
        let totals = try await caller.call("getnettotals")
        #expect(totals["totalbytesrecv"] == 0 && (totals["timemillis"]?.intValue ?? 0) > 1_000_000_000_000)
        #expect(try await caller.call("getnodeaddresses", [0]) == [])
        try await caller.refuses(-8, "getnodeaddresses", [-1])
        _ = try await caller.call("setban", ["192.0.2.0/24", "add", 60])
        #expect(try await caller.call("listbanned").arrayValue?.count == 1)
        #expect(try await caller.call("clearbanned") == .null)
        #expect(try await caller.call("listbanned") == [])
        _ = try await caller.call("setban", ["192.0.2.1", "add", .integer(Int64(UInt32.max)), true])
        #expect(try await caller.call("listbanned")[0]?["banned_until"] == .integer(Int64(UInt32.max)))
        try await caller.refuses(-8, "setban", ["192.0.2.2", "add", 1, true])
        let header = try await caller.call("getblockheader", [try #require(caller.hashes.last), false])
        #expect(try await caller.call("submitheader", [header]) == .null)
        try await caller.refuses(-22, "submitheader", ["00"])
        let orphan = "ff" + String(repeating: "00", count: (header.stringValue?.count ?? 0) / 2 - 1)
        try await caller.refuses(-25, "submitheader", [.string(orphan)])
        #expect(try await caller.call("savemempool") == .null)
        await caller.node.stop()
    }

    @Test func operatorsBlocksAndPool() async throws {
        let caller = try await Caller()
        let last = try #require(caller.hashes.last)
        #expect(try await caller.call("verifychain") == true)
        #expect(try await caller.call("verifychain", [4, 0]) == true)
        try await caller.refuses(-8, "verifychain", [5])
        try await caller.refuses(-8, "verifychain", [1, -1])
        _ = try await caller.call("invalidateblock", [last])
        #expect(try await caller.call("getblockcount") == 2)
        _ = try await caller.call("reconsiderblock", [last])
        try await caller.refuses(-5, "invalidateblock", [.string(String(repeating: "0", count: 64))])
        try await caller.refuses(-20, "invalidateblock", [try await caller.call("getblockhash", [0])])
        _ = try await caller.call("preciousblock", [try await caller.call("getbestblockhash")])
        try await caller.refuses(-5, "preciousblock", [.string(String(repeating: "0", count: 64))])
        let scan = try await caller.call("scantxoutset", ["start", [.string("addr(\(caller.address))")]])
        #expect(scan["success"] == true && scan["unspents"]?.arrayValue?.isEmpty == false && scan["unspents"]?[0]?["amount"] == .number("50.00000000"))
        #expect(try await caller.call("scantxoutset", ["status"]) == .null)
        #expect(try await caller.call("scantxoutset", ["abort"]) == false)
        try await caller.refuses(-1, "scantxoutset", ["start"])
        try await caller.refuses(-5, "scantxoutset", ["start", ["notanaddress"]])
        let unknown = JSONValue.string(String(repeating: "1", count: 64))
        for method in ["getmempoolancestors", "getmempooldescendants", "getmempoolentry"] { try await caller.refuses(-5, method, [unknown]) }
        #expect(try await caller.call("getrawmempool", [false, true])["txids"] == [])
        try await caller.refuses(-8, "getrawmempool", [true, true])
        #expect(try await caller.call("prioritisetransaction", [unknown, 0, 1_000]) == true)
        try await caller.refuses(-8, "prioritisetransaction", [unknown, 1, 1_000])
        try await caller.refuses(-1, "prioritisetransaction", [unknown, 0])
        #expect(try await caller.call("getmempoolinfo")["total_fee"] == .number("0.00000000"))
        await caller.node.stop()
    }

    /// Bitcoin Core's `p2p_disconnect_ban` and `rpc_setban`.
    @Test func bans() async throws {
        let caller = try await Caller()
        let now = caller.node.configuration.clock()
        _ = try await caller.call("setban", ["127.0.0.1", "add"])
        #expect(try await caller.call("listbanned")[0]?["address"] == "127.0.0.1")
        #expect(try await (caller.call("listbanned")[0]?["banned_until"]?.intValue ?? 0) >= Int64(now) + 86_400, "a day, where nothing is said")
        _ = try await caller.call("clearbanned")
        #expect(try await caller.call("listbanned") == [])
        _ = try await caller.call("setban", ["127.0.0.0/24", "add"])
        // A host inside a range that is kept out may be kept out by itself; the same range may not.
        _ = try await caller.call("setban", ["127.0.0.1", "add"])
        try await caller.refuses(-23, "setban", ["127.0.0.1", "add"])
        try await caller.refuses(-23, "setban", ["127.0.0.9/24", "add"])
        try await caller.refuses(-30, "setban", ["127.0.0.1/42", "add"])
        try await caller.refuses(-8, "setban", ["127.27.0.1", "add", 123, true])
        try await caller.refuses(-30, "setban", ["127.0.0.2", "remove"])
        #expect(try await caller.call("listbanned").arrayValue?.count == 2)
        _ = try await caller.call("setban", ["127.0.0.0/24", "remove"])
        _ = try await caller.call("setban", ["127.0.0.1", "remove"])
        #expect(try await caller.call("listbanned") == [])
        // A name is no address.
        try await caller.refuses(-30, "setban", ["pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion", "add"])
        #expect(try await caller.call("listbanned") == [])
        _ = try await caller.call("setban", ["2001:4d48:ac57:400:cacf:e9ff:fe1d:9c63/19", "add", .integer(Int64(now) + 1_000), true])
        #expect(try await caller.call("listbanned")[0]?["address"] == "2001:4000:0:0:0:0:0:0/19")
        let end = try await caller.call("listbanned")[0]?["banned_until"]?.intValue ?? 0
        #expect((Int64(now) + 1_000...Int64(now) + 1_060).contains(end))
        await caller.node.stop()
    }

    /// A peer is let go by its address or by its number, and can come again.
    @Test func disconnecting() async throws {
        let caller = try await Caller()
        let parameters = caller.node.parameters
        let connection = ConnectionParameters(genesisHash: parameters.genesisHash, services: [.blocks], userAgent: "/stranger:1/", nonce: 7)
        let stranger = PeerNetwork(configuration: PeerNetworkConfiguration(magic: parameters.magic, connection: connection))
        let place = JSONValue.string("127.0.0.1:\(try await stranger.listen(host: "127.0.0.1", port: 0))")
        for isByNumber in [false, true] {
            _ = try await caller.call("addnode", [place, "onetry"])
            try await eventually { try await caller.call("getconnectioncount") == 1 }
            let peer = try await caller.call("getpeerinfo")[0]
            #expect(peer?["addr"] == place && peer?["inbound"] == false && peer?["subver"] == "/stranger:1/")
            let number = try #require(peer?["id"])
            try await caller.refuses(-32602, "disconnectnode", [place, number])
            try await caller.refuses(-32602, "disconnectnode", [])
            try await caller.refuses(-29, "disconnectnode", ["221B Baker Street"])
            try await caller.refuses(-29, "disconnectnode", ["", 99_999])
            #expect(try await caller.call("getconnectioncount") == 1)
            _ = try await caller.call("disconnectnode", isByNumber ? ["", number] : [place])
            try await eventually { try await caller.call("getconnectioncount") == 0 }
        }
        await stranger.stop()
        await caller.node.stop()
    }

    /// Bitcoin Core's `rpc_blockchain`, `rpc_getchaintips`, `rpc_uptime`, `rpc_help` and `rpc_generate`, as far as this chain has what they ask for.
    @Test func chainAndBlocks() async throws {
        let caller = try await Caller()
        let last = try #require(caller.hashes.last), second = caller.hashes[1]
        let info = try await caller.call("getblockchaininfo")
        #expect(info["blocks"] == 3 && info["headers"] == 3 && info["bestblockhash"] == last && info["verificationprogress"] == 1 && info["pruned"] == false)
        #expect(try await caller.call("getblockcount") == 3)
        #expect(try await caller.call("getbestblockhash") == last)
        #expect(try await caller.call("getblockhash", [2]) == second)
        for height in [-1, 4, 10_000_000_000] as [Int64] { try await caller.refuses(-8, "getblockhash", [.integer(height)]) }
        #expect(try await caller.call("getdifficulty") == info["difficulty"])
        #expect(try await caller.call("getchaintips") == [["height": 3, "hash": last, "branchlen": 0, "status": "active"]])

        let header = try await caller.call("getblockheader", [second])
        #expect(header["height"] == 2 && header["confirmations"] == 2 && header["hash"] == second && header["nTx"] == 1)
        #expect(header["previousblockhash"] == caller.hashes[0] && header["nextblockhash"] == last)
        #expect(try await !caller.call("getblockheader", [last]).text.contains("nextblockhash"))
        #expect(try await caller.call("getblockheader", [second, false]).stringValue?.count == 320)
        try await caller.refuses(-5, "getblockheader", [.string(String(repeating: "0", count: 64))])
        for text in ["nonsense", "ZZZ7bb8b1697ea987f3b223ba7819250cae33efacb068d23dc24859824a77844", "00"] {
            try await caller.refuses(-8, "getblockheader", [.string(text)])
            try await caller.refuses(-8, "getblock", [.string(text)])
        }
        let raw = try #require(try await caller.call("getblock", [second, 0]).stringValue)
        #expect(try await caller.call("submitblock", [.string(raw)]) == "duplicate")
        #expect(try await caller.call("getblock", [second, false]) == .string(raw))
        let block = try await caller.call("getblock", [second, 1])
        #expect(block["tx"]?.arrayValue?.count == 1 && block["size"]?.intValue == Int64(raw.count / 2))
        #expect(try await caller.call("getblock", [second]) == block)
        #expect(try await caller.call("getblock", [second, true]) == block)
        let txid = try #require(block["tx"]?[0])
        let coinbase = try await caller.call("getblock", [second, 2])["tx"]?[0]
        #expect(coinbase?["txid"] == txid && coinbase?["vout"]?[0]?["value"] == .number("50.00000000") && coinbase?["locktime"] == 1, "locked to the height before it")
        #expect(try await caller.call("getrawtransaction", [txid, true, second])["txid"] == txid)
        try await caller.refuses(-5, "getrawtransaction", [txid, true, last])
        try await caller.refuses(-5, "getrawtransaction", [txid])

        let output = try await caller.call("gettxout", [txid, 0])
        #expect(output["bestblock"] == last && output["confirmations"] == 2 && output["value"] == .number("50.00000000") && output["coinbase"] == true)
        #expect(try await caller.call("gettxout", [txid, 1]) == .null)
        let set = try await caller.call("gettxoutsetinfo")
        #expect(set["height"] == 3 && set["bestblock"] == last && set["txouts"] == 3 && set["total_amount"] == .number("150.00000000"))
        // The digest is one of the coins alone: left and taken again, the chain has it again.
        _ = try await caller.call("invalidateblock", [last])
        let less = try await caller.call("gettxoutsetinfo")
        #expect(less["txouts"] == 2 && less["hash_serialized"] != set["hash_serialized"])
        #expect(try await caller.call("getchaintips").arrayValue?.contains { $0["status"] == "invalid" && $0["hash"] == last } == true)
        _ = try await caller.call("reconsiderblock", [last])
        #expect(try await caller.call("gettxoutsetinfo") == set)

        let wrong = try await caller.call("validateaddress", ["notanaddress"])
        #expect(wrong["isvalid"] == false && wrong["error"]?.stringValue?.isEmpty == false)
        #expect(try await caller.call("validateaddress", [.string(caller.address)])["isvalid"] == true)
        #expect(try await caller.call("uptime").intValue ?? -1 >= 0)
        #expect(try await caller.call("help").stringValue?.contains("== Blockchain ==") == true)
        #expect(try await caller.call("help", ["getblock"]).stringValue?.hasPrefix("getblock ") == true)
        #expect(try await caller.call("help", ["foo"]) == "help: unknown command: foo")
        try await caller.refuses(-1, "help", ["a", "b"])
        #expect(try await caller.call("generatetoaddress", [0, .string(caller.address)]) == [])
        try await caller.refuses(-5, "generatetoaddress", [1, "nowhere"])
        try await caller.refuses(-8, "generatetoaddress", [-1, .string(caller.address)])
        await caller.node.stop()
    }

    /// Bitcoin Core's `mining_basic`, as far as this chain has what it asks for.
    @Test func miningMethods() async throws {
        let caller = try await Caller()
        let info = try await caller.call("getmininginfo")
        #expect(info["blocks"] == 3 && info["pooledtx"] == 0 && info["stepsperblock"] == 3)
        #expect(try await info["difficulty"] == caller.call("getdifficulty"))
        let template = try await caller.call("getblocktemplate")
        #expect(template["height"] == 4 && template["previousblockhash"] == caller.hashes.last && template["transactions"] == [] && template["version"] == 1)
        #expect(template["coinbasevalue"] == 5_000_000_000 && template["longpollid"] == caller.hashes.last && template["sigoplimit"] == 3_000)
        #expect(try await caller.call("getblocktemplate", [["rules": ["segwit"]]])["height"] == 4, "no rules to agree on")
        try await caller.refuses(-8, "getblocktemplate", [["mode": "x"]])
        try await caller.refuses(-1, "getblocktemplate", ["x"])
        for text in ["", "00", "xx", "0000000000"] { try await caller.refuses(-22, "submitblock", [.string(text)]) }
        for text in ["", "00", String(repeating: "00", count: 79), "xx"] { try await caller.refuses(-22, "submitheader", [.string(text)]) }
        // A block without its coinbase, one of nobody's parent, and one on the way back.
        let raw = try #require(try await caller.call("getblock", [caller.hashes[2], 0]).stringValue)
        let block = try Block(decoding: Hex.decode(raw))
        var empty = block, orphan = block
        empty.transactions = []
        orphan.header.previousHash = orphan.header.merkleRoot
        orphan.seal(caller.node.parameters)
        #expect(try await caller.call("submitblock", [.string(Hex.encode(empty.encoded))]) == "duplicate")
        #expect(try await caller.call("submitblock", [.string(Hex.encode(orphan.encoded))]) == "prev-blk-not-found")
        // A payment that waits: what the template says of it.
        _ = try await caller.call("generatetoaddress", [100, .string(caller.address)])
        let key = try TestKey(3), coinbase = block.transactions[0]
        let payment = key.payment(
            from: [(OutPoint(txid: coinbase.txid, index: 0), Coin(output: coinbase.outputs[0], height: 3, isCoinbase: true))],
            to: [TransactionOutput(value: Amount(haruki: 4_995_000_000), program: key.program)], genesis: caller.node.parameters.genesisHash)
        let hex = JSONValue.string(Hex.encode(payment.encoded)), txid = JSONValue.string(payment.txid.displayHex)
        #expect(try await caller.call("testmempoolaccept", [[hex], 0])[0]?["allowed"] == true)
        #expect(try await caller.call("testmempoolaccept", [[hex]])[0]?["reject-reason"] == "max-fee-exceeded")
        #expect(try await caller.call("getrawmempool") == [])
        #expect(try await caller.call("sendrawtransaction", [hex, 0]) == txid)
        #expect(try await caller.call("getrawmempool") == [txid])
        let filled = try await caller.call("getblocktemplate"), entry = filled["transactions"]?[0]
        #expect(filled["transactions"]?.arrayValue?.count == 1 && filled["coinbasevalue"] == 5_005_000_000)
        #expect(entry?["data"] == hex && entry?["txid"] == txid && entry?["fee"] == 5_000_000 && entry?["sigops"] == 1 && entry?["depends"] == [])
        #expect(entry?["size"]?.intValue == Int64(payment.encodedLength) && entry?["weight"]?.intValue == Int64(payment.cost))
        try await caller.refuses(-22, "testmempoolaccept", [["00"]])
        try await caller.refuses(-8, "testmempoolaccept", [[]])
        try await caller.refuses(-3, "testmempoolaccept", ["x"])
        await caller.node.stop()
    }

    /// Bitcoin Core's `mining_getblocktemplate_longpoll`: an id of the tip waits for the next one, another id does not.
    @Test func aTemplateThatIsWaitedFor() async throws {
        let caller = try await Caller()
        let id = try #require(try await caller.call("getblocktemplate")["longpollid"])
        #expect(try await caller.call("getblocktemplate", [["longpollid": caller.hashes[0]]])["height"] == 4)
        let waiting = Task { try await caller.reply("getblocktemplate", [["longpollid": id]]) }
        // Blocks come until the caller is through; it never sees the tip that it named.
        let mining = Task {
            while !Task.isCancelled {
                _ = try await caller.reply("generatetoaddress", [1, .string(caller.address)])
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let template = try await waiting.value["result"]
        mining.cancel()
        _ = await mining.result
        #expect(template?["height"]?.intValue ?? 0 > 4 && template?["longpollid"] != id)
        await caller.node.stop()
    }

    /// Everything that the catalogue declares for a node is served by it; the wallet's methods come from the wallet.
    @Test func everythingIsServed() async throws {
        let caller = try await Caller()
        let served = Set(try await caller.call("rpc.discover")["methods"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? [])
        #expect(served.isSuperset(of: ["help", "stop", "getblock", "getblockstats", "createrawtransaction"]) && !served.contains("getbalance"))
        try await caller.refuses(-32601, "getbalance", [])
        try await caller.refuses(-32601, "generate", [1])
        await caller.node.stop()
    }
}
