import FlowConsensus
import FlowCrypto
import FlowEncoding
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
