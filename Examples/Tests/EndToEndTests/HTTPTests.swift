import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// The daemon's HTTP as clients of other makes see it; the bytes themselves are in FlowHTTPTests.
@Suite(.serialized) struct HTTPTests {
    private func curl(_ daemon: Daemon, host: String = "127.0.0.1", _ options: [String]) async throws -> Programs.Outcome {
        let cookie = try String(contentsOfFile: daemon.networkDirectory + "/.cookie", encoding: .utf8)
        return try await Programs.run(
            "/usr/bin/curl", ["-s", "-g", "-w", "\n%{http_code}", "--user", cookie] + options + ["http://\(host):\(daemon.rpcPort)/"], timeout: 60)
    }

    @Test func curlIsServedAsByBitcoind() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        let call = ["--data-binary", #"{"method":"getblockcount","id":1}"#]
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let answer = try await curl(daemon, host: host, call)
            #expect(answer.output == "{\"result\":0,\"error\":null,\"id\":1}\n\n200", "\(host): \(answer.output)")
        }
        // Waits for leave as long as it takes.
        let leave = try await curl(daemon, ["-v", "-H", "Expect: 100-continue", "--expect100-timeout", "50"] + call)
        #expect(leave.errors.contains("HTTP/1.1 100 Continue") && leave.output.hasSuffix("200"), "\(leave.errors)")
        let cookie = try String(contentsOfFile: daemon.networkDirectory + "/.cookie", encoding: .utf8)
        let lower = try await curl(daemon, ["-H", "Authorization: basic \(Data(cookie.utf8).base64EncodedString())"] + call)
        #expect(lower.output.hasSuffix("200"))
        let long = folder.folder("long")
        try Data(repeating: 0x20, count: 17 << 20).write(to: URL(fileURLWithPath: long))
        for options in [[], ["-H", "Expect:"], ["-H", "Transfer-Encoding: chunked"], ["-H", "Transfer-Encoding: chunked", "-H", "Expect:"]] {
            let answer = try await curl(daemon, options + ["--data-binary", "@\(long)"])
            #expect(answer.output.hasSuffix("413"), "\(options): \(answer.output) \(answer.errors)")
        }
        try await daemon.stop()
    }

    @Test func theEndAnswersWhoeverIsAsking() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        try await daemon.call("createwallet", "w")
        let address = try #require(try await daemon.call("getnewaddress").string)
        let mining = Task { try await daemon.call("generatetoaddress", 1_000, .string(address)) }
        try await eventually(within: 60, "a block") { try await (daemon.call("getblockcount").integer ?? 0) > 0 }
        // `stop` gets its answer, and so does the call that will not end by itself.
        try await daemon.stop()
        await #expect(throws: RPCFailure.self) { try await mining.value }
    }
}
