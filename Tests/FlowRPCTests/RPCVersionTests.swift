import Testing

@testable import FlowRPC

/// The cases of Bitcoin Core's `interface_rpc`: what a version, a batch and a notification change in the answer and its status.
@Suite struct RPCVersionTests {
    private func answer(_ body: String) async throws -> (status: Int, length: Int, value: JSONValue?) {
        let router = try RPCRouter(
            RPCCatalogue(RPCCatalogue.control + [RPCDeclaration("getblockcount", .blockchain, "Height."), RPCDeclaration("fails", .util, "Fails.")]))
        try router.serve([
            RPCMethod("getblockcount") { _ in 7 },
            RPCMethod("fails") { _ throws(RPCError) in throw .invalidParameter("no") },
        ])
        let reply = await router.handle(body: Array(body.utf8))
        return (reply.status, reply.body.count, reply.body.isEmpty ? nil : try JSONParser.parse(reply.body))
    }

    private static let notFound: JSONValue = ["code": -32601, "message": "Method not found"]

    @Test func theServerSaysWhatItAnswers() async throws {
        let reply = try await answer(#"{"method":"getrpcinfo"}"#)
        let active = try #require(reply.value?["result"]?["active_commands"]?.arrayValue)
        #expect(active.count == 1 && active[0]["method"] == "getrpcinfo" && active[0]["duration"]?.intValue ?? -1 >= 0)
    }

    @Test func batches() async throws {
        // Each call with the version 2.0, with none, or both kinds: a batch is 200, and each answer has its call's form.
        let new = try await answer(#"[{"jsonrpc":"2.0","id":1,"method":"getblockcount"},{"jsonrpc":"2.0","id":2,"method":"invalid"}]"#)
        #expect(new.status == 200)
        #expect(new.value == [["jsonrpc": "2.0", "result": 7, "id": 1], ["jsonrpc": "2.0", "error": Self.notFound, "id": 2]])
        let old = try await answer(#"[{"id":1,"method":"getblockcount"},{"id":2,"method":"invalid"}]"#)
        #expect(old.status == 200)
        #expect(old.value == [["result": 7, "error": nil, "id": 1], ["result": nil, "error": Self.notFound, "id": 2]])
        let explicit = try await answer(#"[{"jsonrpc":"1.1","id":1,"method":"getblockcount"},{"jsonrpc":"1.0","id":2,"method":"invalid"}]"#)
        #expect(explicit.status == 200 && explicit.value == old.value)
        let mixed = try await answer(#"[{"jsonrpc":"2.0","id":1,"method":"getblockcount"},{"id":2,"method":"invalid"}]"#)
        #expect(mixed.value == [["jsonrpc": "2.0", "result": 7, "id": 1], ["result": nil, "error": Self.notFound, "id": 2]])
        let nameless = try await answer(#"[{"method":"getblockcount"},{"method":"invalid"}]"#)
        #expect(nameless.status == 200)
        #expect(nameless.value == [["result": 7, "error": nil, "id": nil], ["result": nil, "error": Self.notFound, "id": nil]])
        let empty = try await answer("[]")
        #expect(empty.status == 200 && empty.value == [])
    }

    @Test func notifications() async throws {
        let some = try await answer(#"[{"jsonrpc":"2.0","id":1,"method":"getblockcount"},{"jsonrpc":"2.0","method":"getblockcount"}]"#)
        #expect(some.status == 200 && some.value == [["jsonrpc": "2.0", "result": 7, "id": 1]])
        let all = try await answer(#"[{"jsonrpc":"2.0","method":"getblockcount"},{"jsonrpc":"2.0","method":"fails"}]"#)
        #expect(all.status == 204 && all.length == 0)
        for method in ["getblockcount", "invalid", "fails"] {
            let one = try await answer(#"{"jsonrpc":"2.0","method":"\#(method)"}"#)
            #expect(one.status == 204 && one.length == 0, "\(method)")
        }
        // Its identifier is null, which is one.
        let null = try await answer(#"{"jsonrpc":"2.0","id":null,"method":"getblockcount"}"#)
        #expect(null.status == 200 && null.value == ["jsonrpc": "2.0", "result": 7, "id": nil])
    }

    @Test func statuses() async throws {
        for version in ["", #""jsonrpc":"1.0","#, #""jsonrpc":"1.1","#] {
            for (method, status) in [("getblockcount", 200), ("invalid", 404), ("fails", 500)] {
                #expect(try await answer(#"{\#(version)"id":1,"method":"\#(method)"}"#).status == status, "\(version)\(method)")
            }
        }
        for (method, code) in [("getblockcount", nil), ("invalid", -32601), ("fails", -8)] as [(String, Int64?)] {
            let reply = try await answer(#"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#)
            #expect(reply.status == 200 && reply.value?["error"]?["code"]?.intValue == code, "\(method)")
        }
    }

    @Test(arguments: [(#""2.1""#, "JSON-RPC version not supported"), (#""3.0""#, "JSON-RPC version not supported"), ("2", "jsonrpc field must be a string")])
    func otherVersionsAreRefused(_ version: String, _ message: String) async throws {
        let reply = try await answer(#"{"jsonrpc":\#(version),"id":1,"method":"getblockcount"}"#)
        #expect(reply.status == 400)
        #expect(reply.value == ["result": nil, "error": ["code": -32600, "message": .string(message)], "id": 1])
    }
}
