import Foundation
import TestSupport
import Testing

@testable import FlowRPC

@Suite struct RPCRouterTests {
    private static let catalogue = RPCCatalogue(
        RPCCatalogue.control + [
            RPCDeclaration("getblockcount", .blockchain, "Height."), RPCDeclaration("getbestblockhash", .blockchain, "Hash."),
            RPCDeclaration("getblockhash", .blockchain, [.required("height", .integer, "Height.")], "Hash."),
        ])

    private func router() throws -> RPCRouter {
        let router = try RPCRouter(Self.catalogue, version: "1")
        try router.serve([
            RPCMethod("getblockcount") { _ in 101 },
            RPCMethod("getbestblockhash") { _ in
                "6db931bc17017db2c9cf09d77413c48cb9ad491be409ca928ab42b59c5eb18fd"
            },
            RPCMethod("getblockhash") { call in
                guard try call.integer("height") == 0 else { throw RPCError.invalidParameter("Block height out of range") }
                return "530827f38f93b43ed12af0b3ad25a288dc02ed74d6d7857862df51fc56c416f9"
            },
        ])
        return router
    }

    /// What a real node (litecoind) answers to well and badly formed calls, byte for byte in meaning.
    @Test func answersAsTheTranscriptsOfARealNode() async throws {
        let names: Set<String> = [
            "parse error", "empty body", "top-level string", "top-level number", "empty batch", "batch ok",
            "batch with error and notification", "unknown method", "missing method", "method not a string",
            "params not array or object", "params absent", "named params", "named params unknown", "id null", "id object",
            "getblockhash 0", "getblockhash out of range", "getblockhash negative", "getblockhash wrong type", "deep nesting",
            "getbestblockhash",
        ]
        let bytes = [UInt8](try Vectors.data("bitcoin/jsonrpc/litecoind_0.21.2.1_transcripts.json"))
        let transcripts = try #require(try JSONParser.parse(bytes, maximumDepth: 600).arrayValue)
        var seen: Set<String> = []
        for transcript in transcripts {
            guard let name = transcript["name"]?.stringValue, names.contains(name) else { continue }
            seen.insert(name)
            let body = try #require(transcript["request"]?["body"]?.stringValue)
            let reply = try await router().handle(body: Array(body.utf8))
            #expect(reply.status == transcript["response"]?["status"]?.intValue.map(Int.init), "\(name)")
            let answer = try JSONParser.parse(reply.body)
            #expect(answer == transcript["response"]?["body_json"], "\(name): \(answer.text)")
        }
        #expect(seen == names)
    }

    @Test func speaksVersionTwo() async throws {
        let good = try await router().handle(body: Array(#"{"jsonrpc":"2.0","method":"getblockcount","id":7}"#.utf8))
        #expect(good.status == 200)
        #expect(try JSONParser.parse(good.body) == ["jsonrpc": "2.0", "result": 101, "id": 7])
        let bad = try await router().handle(body: Array(#"{"jsonrpc":"2.0","method":"nope","id":7}"#.utf8))
        #expect(bad.status == 200)
        #expect(try JSONParser.parse(bad.body) == ["jsonrpc": "2.0", "error": ["code": -32601, "message": "Method not found"], "id": 7])
        let notification = try await router().handle(body: Array(#"{"jsonrpc":"2.0","method":"getblockcount"}"#.utf8))
        #expect(notification.status == 204 && notification.body.isEmpty)
        let batch = try await router().handle(
            body: Array(#"[{"jsonrpc":"2.0","method":"getblockcount"},{"jsonrpc":"2.0","method":"getblockcount","id":1}]"#.utf8))
        #expect(try JSONParser.parse(batch.body) == [["jsonrpc": "2.0", "result": 101, "id": 1]])
    }

    @Test func knowsOnlyItsPaths() async throws {
        let body = Array(#"{"method":"getblockcount"}"#.utf8)
        #expect(try await router().handle(body: body, path: "/nope").status == 404)
        #expect(try await router().handle(body: body, path: "/wallet/w").status == 200)
    }

    /// Whatever comes, an answer goes out that is JSON.
    @Test func survivesGarbage() async throws {
        var random = SeededGenerator(seed: 11)
        let seeds = [
            #"{"jsonrpc":"2.0","method":"getblockhash","params":[0],"id":1}"#, #"[{"method":"getblockcount","params":{},"id":"é\u00e9"}]"#,
            #"{"method":"help","params":["getblockhash"],"id":{"a":[1,2.5e3,null,true]}}"#,
        ]
        for round in 0..<3_000 {
            var body = Array(seeds[round % seeds.count].utf8)
            for _ in 0...Int.random(in: 0...4, using: &random) {
                let place = Int.random(in: 0..<max(1, body.count), using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: if !body.isEmpty { body[place] = UInt8.random(in: 0...255, using: &random) }
                case 1: body.insert(UInt8.random(in: 0...255, using: &random), at: min(place, body.count))
                default: body = Array(body.prefix(place))
                }
            }
            let reply = try await router().handle(body: body)
            #expect([200, 204, 400, 404, 500].contains(reply.status))
            if reply.status != 204 { _ = try JSONParser.parse(reply.body) }
        }
    }

    @Test func helpListsAndExplains() async throws {
        let overview = try await router().handle(body: Array(#"{"method":"help"}"#.utf8))
        let text = try #require(try JSONParser.parse(overview.body)["result"]?.stringValue)
        #expect(text.contains("== Blockchain ==") && text.contains("getblockhash height"))
        let one = try await router().handle(body: Array(#"{"method":"help","params":["getblockhash"]}"#.utf8))
        #expect(try JSONParser.parse(one.body)["result"]?.stringValue?.hasPrefix("getblockhash height") == true)
    }

    /// A name that is served twice, or that nobody declared, is refused, and so is a catalogue that contradicts itself.
    @Test func refusesContradictions() throws {
        let router = try router()
        #expect(throws: RPCCatalogueError.servedTwice("getblockcount")) { try router.serve([RPCMethod("getblockcount") { _ in 1 }]) }
        #expect(throws: RPCCatalogueError.servedTwice("help")) { try router.serve([RPCMethod("help") { _ in 1 }]) }
        #expect(throws: RPCCatalogueError.undeclared("nobody")) { try router.serve([RPCMethod("nobody") { _ in 1 }]) }
        let one = RPCDeclaration("one", .util, "One.")
        #expect(throws: RPCCatalogueError.declaredTwice("one")) { try RPCRouter(RPCCatalogue([one, one])) }
        let twice = RPCDeclaration("two", .util, [.optional("a", .string, ""), .optional("b", .string, "", aliases: ["a"])], "Two.")
        #expect(throws: RPCCatalogueError.parameterTwice("a", of: "two")) { try RPCRouter(RPCCatalogue([twice])) }
        let late = RPCDeclaration("three", .util, [.optional("a", .string, ""), .required("b", .string, "")], "Three.")
        #expect(throws: RPCCatalogueError.requiredAfterOptional("three")) { try RPCRouter(RPCCatalogue([late])) }
    }

    /// Who may use only some methods gets 403 for others, in a batch too.
    @Test func allowsWhatAListAllows() async throws {
        let router = try router()
        func status(_ body: String) async -> Int { await router.handle(body: Array(body.utf8), allowed: ["getblockcount"]).status }
        #expect(await status(#"{"method":"getblockcount"}"#) == 200)
        #expect(await status(#"{"method":"getblockhash","params":[0]}"#) == 403)
        #expect(await status(#"[{"method":"getblockcount"},{"method":"help"}]"#) == 403)
        #expect(await status(#"{"params":[]}"#) == 400)
    }
}
