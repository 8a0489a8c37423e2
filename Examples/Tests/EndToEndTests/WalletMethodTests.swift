import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// The wallet's methods as bitcoind's callers know them: each once as it is meant, and once refused with bitcoind's number.
@Suite(.serialized) struct WalletMethodTests {
    private static let password = "open sesame"

    /// A data directory whose chain gives wallet `w` five mature coins of 50 and wallet `other` none; mined once for all tests.
    private static let original = Task {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let node = Daemon(dataDirectory: folder.folder("node"), port: ports[0], rpcPort: ports[1])
        try await node.start()
        try await node.call("createwallet", "w")
        try await node.call("createwallet", "other")
        try await node.call("generate", 5, wallet: "w")
        let away = try #require(try await node.call("getnewaddress", "away", wallet: "other").string)
        try await node.call("generatetoaddress", 100, .string(away))
        try await node.stop()
        return folder
    }

    /// A node with both wallets, on a copy of that directory.
    private static func scene(_ folder: TemporaryDirectory) async throws -> Daemon {
        let ports = try FreePorts.take(2)
        let node = Daemon(dataDirectory: folder.folder("node"), port: ports[0], rpcPort: ports[1])
        try FileManager.default.copyItem(atPath: try await original.value.folder("node"), toPath: node.dataDirectory)
        try await node.start()
        return node
    }

    private func fails(_ code: Int, _ node: Daemon, _ method: String, _ parameters: JSONValue..., wallet: String? = "w") async {
        do {
            let answer = try await node.callList(method, parameters, wallet: wallet)
            Issue.record("\(method) \(parameters): expected error \(code), got \(answer)")
        } catch {
            #expect((error as? RPCFailure)?.code == code, "\(method) \(parameters): expected \(code), got \(error)")
        }
    }

    private func address(_ node: Daemon, _ label: String = "", wallet: String = "other") async throws -> JSONValue {
        .string(try #require(try await node.call("getnewaddress", .string(label), wallet: wallet).string))
    }

    @Test func payments() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        let (one, two) = (try await address(node), try await address(node))
        guard case .string(let first) = one, case .string(let second) = two else { return }

        let many = try await node.call("sendmany", "", .object([.init(first, 1), .init(second, .number("2.5"))]), 1, "rent", [one], wallet: "w")
        let paid = try await node.call("gettransaction", .string(many.string ?? ""), wallet: "w")
        #expect(paid["comment"].string == "rent" && paid["details"].array?.count == 2)
        let received = try await node.call("getreceivedbyaddress", one, 0, wallet: "other").double ?? 0
        #expect(received < 1 && received > 0.999)
        #expect(try await node.call("getreceivedbyaddress", two, 0, wallet: "other").double == 2.5)
        await fails(-8, node, "sendmany", "x", .object([.init(first, 1)]))
        await fails(-5, node, "sendmany", "", .object([.init("nowhere", 1)]))
        await fails(-8, node, "sendmany", "", .object([.init(first, 1), .init(first, 1)]))
        await fails(-3, node, "sendmany", "", .object([.init(first, 0)]))
        await fails(-8, node, "sendmany", "", .object([.init(first, 1)]), 1, "", [two])
        await fails(-6, node, "sendmany", "", .object([.init(first, 1_000)]))
        await fails(-6, node, "sendmany", "", .object([]))
        await fails(-4, node, "walletcreatefundedpsbt", [], .object([.init(first, 1_000)]))
        await fails(-3, node, "sendtoaddress", one, "00.1")
        let decoded = try await node.call("gettransaction", .string(many.string ?? ""), .null, true, wallet: "w")
        #expect(decoded["decoded"]["txid"].string == many.string && paid["decoded"].string == nil)

        let sent = try await node.call("send", .object([.init(first, 1)]), .null, "unset", 20, .object([.init("replaceable", true)]), wallet: "w")
        #expect(sent["complete"].bool == true && sent["txid"].string != nil)
        let draft = try await node.call("send", .object([.init(first, 1)]), .null, "unset", .null, .object([.init("add_to_wallet", false)]), wallet: "w")
        #expect(draft["complete"].bool == true && draft["hex"].string != nil)
        await fails(-3, node, "send", .object([.init(first, 1)]), .null, "unset", .null, .object([.init("surprise", 1)]))
        await fails(-8, node, "send", .object([.init(first, 1)]), 2_000)
        await fails(-8, node, "send", .object([.init(first, 1)]), 6, "unset", 20)

        let old = try #require(sent["txid"].string)
        let partial = try await node.call("psbtbumpfee", .string(old), wallet: "w")
        #expect(partial["psbt"].string != nil && (partial["fee"].double ?? 0) > (partial["origfee"].double ?? 1))
        await fails(-5, node, "bumpfee", .string(String(repeating: "0", count: 64)))
        await fails(-8, node, "bumpfee", "00")
        await fails(-4, node, "bumpfee", .string(many.string ?? ""))
        await fails(-8, node, "bumpfee", .string(old), .object([.init("fee_rate", .number("0.5"))]))
        await fails(-8, node, "psbtbumpfee", .string(old), .object([.init("fee_rate", .number("20.01"))]))
        let bumped = try await node.call("bumpfee", .string(old), wallet: "w")
        let txid = try #require(bumped["txid"].string)
        #expect((bumped["fee"].double ?? 0) > (bumped["origfee"].double ?? 1))
        #expect(try await node.call("gettransaction", .string(old), wallet: "w")["replaced_by_txid"].string == txid)
        #expect(try await node.call("gettransaction", .string(txid), wallet: "w")["replaces_txid"].string == old)
        #expect(try await node.call("getrawmempool").array?.compactMap(\.string).contains(old) == false)
        await fails(-4, node, "bumpfee", .string(old))

        #expect(try await node.call("settxfee", .number("0.0005"), wallet: "w").bool == true)
        #expect(try await node.call("getwalletinfo", wallet: "w")["paytxfee"].double == 0.0005)
        let dear = try await node.call("sendtoaddress", one, 1, "", "", false, false, wallet: "w")
        let fee = try await node.call("gettransaction", .string(dear.string ?? ""), wallet: "w")["fee"].double ?? 0
        #expect(fee < -0.0001)
        await fails(-8, node, "settxfee", .number("0.000001"))
        await fails(-3, node, "settxfee", -1)
        await fails(-5, node, "sendtoaddress", "nowhere", 1)
        try await node.stop()
    }

    @Test func addressesAndLabels() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        let rent = try await address(node, "rent", wallet: "w"), plain = try await address(node, wallet: "w"), foreign = try await address(node)
        guard case .string(let rentText) = rent else { return }
        try await node.call("setlabel", foreign, "shop", wallet: "w")
        #expect(try await node.call("listlabels", wallet: "w").array?.compactMap(\.string) == ["", "mined", "rent", "shop"])
        #expect(try await node.call("listlabels", "send", wallet: "w").array?.compactMap(\.string) == ["shop"])
        #expect(try await node.call("getaddressesbylabel", "rent", wallet: "w")[rentText]["purpose"].string == "receive")
        await fails(-11, node, "getaddressesbylabel", "nobody")
        await fails(-5, node, "setlabel", "nowhere", "x")
        await fails(-11, node, "setlabel", rent, "*")
        let information = try await node.call("getaddressinfo", rent, wallet: "w")
        #expect(information["ismine"].bool == true && information["ischange"].bool == false && information["labels"].array?.first?.string == "rent")
        #expect(information["hdkeypath"].string?.hasPrefix("m/44'/9555'/0'/0'/") == true && information["pubkey"].string?.count == 64)
        #expect(try await node.call("getaddressinfo", foreign, wallet: "w")["ismine"].bool == false)
        await fails(-5, node, "getaddressinfo", "nowhere")
        let change = try #require(try await node.call("getrawchangeaddress", wallet: "w").string)
        #expect(try await node.call("getaddressinfo", .string(change), wallet: "w")["ischange"].bool == true)
        await fails(-5, node, "getrawchangeaddress", "square")

        try await node.call("generatetoaddress", 1, rent)
        try await node.call("sendtoaddress", rent, 3, wallet: "w")
        #expect(try await node.call("getreceivedbylabel", "rent", 0, wallet: "w").double == 3)
        #expect(try await node.call("getreceivedbylabel", "rent", wallet: "w").double == 0)
        await fails(-4, node, "getreceivedbyaddress", foreign)
        await fails(-5, node, "getreceivedbyaddress", "nowhere")
        await fails(-11, node, "getreceivedbylabel", "*")
        let listed = try #require(try await node.call("listreceivedbyaddress", 0, true, false, rent, wallet: "w").array)
        #expect(listed.count == 1 && listed[0]["amount"].double == 3 && listed[0]["label"].string == "rent" && listed[0]["txids"].array?.count == 1)
        #expect(try await node.call("listreceivedbyaddress", 0, true, wallet: "w").array?.contains { $0["address"].string != rentText } == true)
        await fails(-4, node, "listreceivedbyaddress", 0, true, false, "nowhere")
        let groups = try #require(try await node.call("listreceivedbylabel", 0, wallet: "w").array)
        #expect(groups.map { $0["label"].string } == ["rent"] && groups[0]["amount"].double == 3)
        await fails(-1, node, "listreceivedbylabel", "x")
        #expect(try await node.call("getunconfirmedbalance", wallet: "other").double == 0)
        #expect(try await node.call("listaddressgroupings", wallet: "w").array?.isEmpty == false)
        await fails(-1, node, "listaddressgroupings", 1)
        await fails(-1, node, "getunconfirmedbalance", 1)
        _ = plain
        try await node.stop()
    }

    @Test func coinsAndHistory() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        let coins = try #require(try await node.call("listunspent", wallet: "w").array)
        #expect(coins.count == 5)
        let coin: JSONValue = ["txid": .string(coins[0]["txid"].string ?? ""), "vout": .integer(coins[0]["vout"].integer ?? 0)]
        #expect(try await node.call("lockunspent", false, [coin], true, wallet: "w").bool == true)
        #expect(try await node.call("listlockunspent", wallet: "w").array?.count == 1)
        #expect(try await node.call("listunspent", wallet: "w").array?.count == 4)
        let nowhere: JSONValue = ["txid": .string(String(repeating: "0", count: 64)), "vout": 0]
        await fails(-8, node, "lockunspent", false, [nowhere])
        await fails(-3, node, "lockunspent", false, [["txid": nowhere["txid"] ?? ""]])
        await fails(-8, node, "unloadwallet", "other")
        await fails(-8, node, "lockunspent", false, [["txid": "00", "vout": 0]])
        await fails(-8, node, "lockunspent", false, [["txid": .string(coins[0]["txid"].string ?? ""), "vout": 9]])
        await fails(-8, node, "lockunspent", false, [["txid": .string(coins[0]["txid"].string ?? ""), "vout": -1]])
        await fails(-8, node, "lockunspent", true, [["txid": .string(coins[1]["txid"].string ?? ""), "vout": .integer(coins[1]["vout"].integer ?? 0)]])
        await fails(-1, node, "listlockunspent", 1)
        #expect(try await node.call("lockunspent", true, wallet: "w").bool == true)
        #expect(try await node.call("listlockunspent", wallet: "w").array?.isEmpty == true)

        let start = try #require(try await node.call("getbestblockhash").string)
        let there = try await address(node)
        let txid = try #require(try await node.call("sendtoaddress", there, 2, wallet: "w").string)
        var since = try await node.call("listsinceblock", .string(start), wallet: "w")
        #expect(since["transactions"].array?.map { $0["txid"].string } == [txid] && since["removed"].array?.isEmpty == true && since["lastblock"].string == start)
        try await node.call("generatetoaddress", 1, there)
        since = try await node.call("listsinceblock", .string(start), 2, wallet: "w")
        #expect(since["transactions"].array?.first?["confirmations"].integer == 1 && since["lastblock"].string == start)
        #expect(try await node.call("listsinceblock", wallet: "w")["transactions"].array?.count == 6)
        await fails(-5, node, "listsinceblock", .string(String(repeating: "0", count: 63) + "1"))
        await fails(-8, node, "listsinceblock", "00")
        await fails(-8, node, "listsinceblock", .string(start), 0)

        // Coins of an address that was spent from stay, where that is asked.
        #expect(try await node.call("setwalletflag", "avoid_reuse", wallet: "w")["flag_state"].bool == true)
        #expect(try await node.call("getwalletinfo", wallet: "w")["avoid_reuse"].bool == true)
        await fails(-8, node, "setwalletflag", "avoid_reuse")
        await fails(-8, node, "setwalletflag", "descriptor_wallet")
        await fails(-8, node, "setwalletflag", "unheard of")
        try await node.stop()
    }

    @Test func secretsAndBackups() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        try await node.call("keypoolrefill", 1_500, wallet: "w")
        #expect(try await node.call("getwalletinfo", wallet: "w")["keypoolsize"].integer ?? 0 >= 1_500)
        await fails(-8, node, "keypoolrefill", -1)
        let copy = folder.folder("node") + "/copy.json"
        try await node.call("backupwallet", .string(copy), wallet: "w")
        #expect(FileManager.default.fileExists(atPath: copy))
        await fails(-4, node, "backupwallet", "/nowhere/at/all")
        await fails(-15, node, "walletpassphrasechange", "a", "b")
        #expect(try await node.call("encryptwallet", .string(Self.password), wallet: "w").string?.hasPrefix("wallet encrypted") == true)
        #expect(try await node.call("getwalletinfo", wallet: "w")["unlocked"].bool == false)
        await fails(-15, node, "encryptwallet", "x")
        await fails(-8, node, "encryptwallet", "", wallet: "other")
        await fails(-13, node, "keypoolrefill", 10)
        await fails(-14, node, "walletpassphrasechange", "wrong", "new")
        await fails(-8, node, "walletpassphrasechange", .string(Self.password), "")
        try await node.call("walletpassphrasechange", .string(Self.password), "a\0b", wallet: "w")
        await fails(-14, node, "walletpassphrase", "a", 60)
        try await node.call("walletpassphrase", "a\0b", 60, wallet: "w")
        let mine = try await address(node, wallet: "w")
        let signature = try #require(try await node.call("signmessage", mine, "I am here", wallet: "w").string)
        #expect(try await node.call("verifymessage", mine, .string(signature), "I am here").bool == true)
        #expect(try await node.call("verifymessage", mine, .string(signature), "I am there").bool == false)
        await fails(-3, node, "verifymessage", mine, "no signature", "I am here", wallet: nil)
        await fails(-3, node, "verifymessage", "nowhere", .string(signature), "I am here", wallet: nil)
        await fails(-3, node, "signmessage", "nowhere", "x")
        let theirs = try await address(node)
        await fails(-4, node, "signmessage", theirs, "x")
        let key = JSONValue.string(String(repeating: "07", count: 32))
        #expect(try await node.call("signmessagewithprivkey", key, "m").string?.count == 128)
        await fails(-5, node, "signmessagewithprivkey", "07", "m", wallet: nil)
        try await node.stop()
    }

    @Test func rawAndPartiallySignedTransactions() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        let there = try await address(node)
        guard case .string(let text) = there else { return }
        let outputs = JSONValue.object([.init(text, 60)])
        let raw = try #require(try await node.call("createrawtransaction", [], outputs).string)
        let funded = try await node.call("fundrawtransaction", .string(raw), .object([.init("changePosition", 1), .init("fee_rate", 12)]), wallet: "w")
        let hex = JSONValue.string(try #require(funded["hex"].string))
        #expect(funded["changepos"].integer == 1 && (funded["fee"].double ?? 0) > 0)
        await fails(-22, node, "fundrawtransaction", "00")
        await fails(-3, node, "fundrawtransaction", .string(raw), .object([.init("surprise", 1)]))
        await fails(-8, node, "fundrawtransaction", .string(raw), .object([.init("changePosition", 9)]))
        await fails(-5, node, "fundrawtransaction", .string(raw), .object([.init("changeAddress", "nowhere")]))
        await fails(-8, node, "fundrawtransaction", .string(raw), .object([.init("subtractFeeFromOutputs", [7])]))
        let change = try await node.call("simulaterawtransaction", [hex], wallet: "w")["balance_change"].double ?? 0
        #expect(change < -60 && change > -60.01)
        await fails(-22, node, "simulaterawtransaction", ["00"])
        await fails(-8, node, "simulaterawtransaction", [hex, hex])
        let signed = try await node.call("signrawtransactionwithwallet", hex, wallet: "w")
        #expect(signed["complete"].bool == true)
        let foreign = try await node.call("signrawtransactionwithwallet", hex, wallet: "other")
        #expect(foreign["complete"].bool == false && foreign["errors"].array?.isEmpty == false)
        await fails(-22, node, "signrawtransactionwithwallet", "zz")
        await fails(-8, node, "signrawtransactionwithwallet", hex, [], "NONE")
        #expect(try await node.call("sendrawtransaction", .string(signed["hex"].string ?? "")).string?.count == 64)
        let keyless = try await node.call("signrawtransactionwithkey", hex, [.string(String(repeating: "07", count: 32))])
        #expect(keyless["complete"].bool == false)
        await fails(-5, node, "signrawtransactionwithkey", hex, ["07"], wallet: nil)

        // Through several hands.
        let made = try await node.call("walletcreatefundedpsbt", [], .object([.init(text, 1)]), wallet: "w")
        let psbt = JSONValue.string(try #require(made["psbt"].string))
        #expect(try await node.call("analyzepsbt", psbt)["next"].string == "signer")
        #expect(try await node.call("decodepsbt", psbt)["tx"]["vout"].array?.count == 2)
        let half = try await node.call("walletprocesspsbt", psbt, true, "ALL", true, false, wallet: "w")
        #expect(half["complete"].bool == false)
        let combined = JSONValue.string(try #require(try await node.call("combinepsbt", [psbt, .string(half["psbt"].string ?? "")]).string))
        let final = try await node.call("finalizepsbt", combined)
        #expect(final["complete"].bool == true)
        #expect(try await node.call("sendrawtransaction", .string(final["hex"].string ?? "")).string?.count == 64)
        await fails(-5, node, "walletcreatefundedpsbt", [], .object([.init("nowhere", 1)]))
        await fails(-8, node, "walletcreatefundedpsbt", [["txid": "00", "vout": 0]], .object([.init(text, 1)]))
        await fails(-22, node, "walletprocesspsbt", "AAAA")
        for method in ["analyzepsbt", "decodepsbt", "finalizepsbt", "utxoupdatepsbt"] { await fails(-22, node, method, "AAAA", wallet: nil) }
        await fails(-8, node, "combinepsbt", [], wallet: nil)
        await fails(-8, node, "joinpsbts", [psbt], wallet: nil)
        let coin = try #require(try await node.call("listunspent", wallet: "w").array?.first)
        let created = try #require(
            try await node.call("createpsbt", [["txid": .string(coin["txid"].string ?? ""), "vout": .integer(coin["vout"].integer ?? 0)]], .object([.init(text, 2)])).string)
        let updated = try #require(try await node.call("utxoupdatepsbt", .string(created)).string)
        #expect(updated != created)
        #expect(try await node.call("converttopsbt", .string(raw)).string != nil)
        await fails(-22, node, "converttopsbt", "00", wallet: nil)
        await fails(-8, node, "createpsbt", [], .object([.init(text, 2)]), -1, wallet: nil)
        try await node.stop()
    }

    @Test func watching() async throws {
        let folder = try TemporaryDirectory()
        let node = try await Self.scene(folder)
        try await node.call("createwallet", "watch", true)
        try await node.call("createwallet", "blank", false, true)
        #expect(try await node.call("getwalletinfo", wallet: "watch")["private_keys_enabled"].bool == false)
        #expect(try await node.call("getwalletinfo", wallet: "blank")["blank"].bool == true)
        await fails(-4, node, "createwallet", "x", true, false, "passphrase", wallet: nil)
        await fails(-4, node, "getnewaddress", wallet: "watch")
        await fails(-4, node, "getnewaddress", wallet: "blank")
        await fails(-16, node, "encryptwallet", "x", wallet: "watch")
        let coin = try #require(try await node.call("listunspent", wallet: "w").array?.first)
        let mine = JSONValue.string(try #require(coin["address"].string))
        try await node.call("importaddress", mine, "seen", wallet: "watch")
        #expect(try await node.call("getbalances", wallet: "watch")["watchonly"]["trusted"].double == 250)
        #expect(try await node.call("getbalances", wallet: "watch")["mine"]["trusted"].double == 0)
        #expect(try await node.call("listunspent", wallet: "watch").array?.first?["spendable"].bool == false)
        #expect(try await node.call("listtransactions", wallet: "watch").array?.first?["involvesWatchonly"].bool == true)
        #expect(try await node.call("getaddressinfo", mine, wallet: "watch")["iswatchonly"].bool == true)
        await fails(-4, node, "importaddress", mine)
        await fails(-5, node, "importaddress", "nowhere", wallet: "watch")
        await fails(-11, node, "importaddress", mine, "*", wallet: "watch")
        let key = try #require(try await node.call("getaddressinfo", mine, wallet: "w")["pubkey"].string)
        try await node.call("importpubkey", .string(key), "key", false, wallet: "watch")
        #expect(try await node.call("getaddressinfo", mine, wallet: "watch")["solvable"].bool == true)
        await fails(-5, node, "importpubkey", "00", wallet: "watch")
        await fails(-5, node, "importpubkey", "xyz", wallet: "watch")
        let answers = try #require(try await node.call("importmulti", [
            ["scriptPubKey": ["address": try await address(node)], "timestamp": "now", "label": "third"], ["scriptPubKey": ["address": "nowhere"], "timestamp": 0],
        ], wallet: "watch").array)
        #expect(answers.map { $0["success"].bool } == [true, false])
        await fails(-3, node, "importmulti", "x", wallet: "watch")
        let range = try await node.call("rescanblockchain", 3, wallet: "watch")
        #expect(range["start_height"].integer == 3 && range["stop_height"].integer == 105)
        await fails(-8, node, "rescanblockchain", 1_000, wallet: "watch")
        await fails(-8, node, "rescanblockchain", 5, 4, wallet: "watch")
        #expect(try await node.call("abortrescan", wallet: "watch").bool == false)
        await fails(-1, node, "abortrescan", 1, wallet: "watch")
        // It makes a payment that the wallet with the keys signs.
        let there = try await address(node)
        guard case .string(let text) = there else { return }
        await fails(-4, node, "sendtoaddress", there, 1, wallet: "watch")
        await fails(-4, node, "walletcreatefundedpsbt", [], .object([.init(text, 4)]), wallet: "watch")
        let made = try await node.call("walletcreatefundedpsbt", [], .object([.init(text, 4)]), 0, .object([.init("changeAddress", mine)]), wallet: "watch")
        let signed = try await node.call("walletprocesspsbt", .string(made["psbt"].string ?? ""), wallet: "w")
        #expect(signed["complete"].bool == true)
        try await node.stop()
        try await node.start()
        #expect(try await node.call("getbalances", wallet: "watch")["watchonly"]["trusted"].double == 250)
        try await node.stop()
    }
}
