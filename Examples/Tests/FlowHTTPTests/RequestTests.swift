import FlowDaemon
import FlowHTTP
import FlowP2P
import Foundation
import ProgramSupport
import Testing

/// Requests byte by byte: what is answered, with what, and whether the connection goes on.
@Suite(.serialized) struct RequestTests {
    @Test func manyRequestsShareAConnection() async throws {
        let endpoint = try await Endpoint()
        let connection = try endpoint.connect()
        for number in 0..<50 {
            await connection.send(Endpoint.request("call \(number)"))
            let reply = try #require(try await connection.reply())
            #expect(reply.status == 200 && reply.text == "call \(number)" && reply.headers["connection"] == nil)
            #expect(reply.headers["content-type"] == "application/json" && reply.headers["date"]?.hasSuffix(" GMT") == true)
        }
        // One after the other without waiting, cut anywhere.
        let all = (0..<300).map { Endpoint.request("call \($0)") }.joined()
        for part in stride(from: 0, to: all.utf8.count, by: 777) { await connection.send(Array(all.utf8.dropFirst(part).prefix(777))) }
        for number in 0..<300 { #expect(try await connection.reply()?.text == "call \(number)") }
        // Those that are refused take their turn as well, however many come at once.
        await connection.send(String(repeating: Endpoint.request("", method: "GET"), count: 3_000) + Endpoint.request("last"))
        for _ in 0..<3_000 { #expect(try await connection.reply()?.status == 405) }
        #expect(try await connection.reply()?.text == "last")
        await endpoint.stop()
    }

    /// A second piece would wait for the acknowledgement of the first, 40 ms on Linux.
    @Test func aReplyComesInOnePiece() async throws {
        let endpoint = try await Endpoint()
        let connection = try endpoint.connect()
        for _ in 0..<50 {
            await connection.send(Endpoint.request("hello"))
            let length = try await connection.look()
            let reply = try #require(try await connection.reply())
            #expect(reply.text == "hello" && length > reply.body.count, "\(length) bytes came first")
        }
        await endpoint.stop()
    }

    @Test func theSchemeHasNoCase() async throws {
        let endpoint = try await Endpoint()
        let token = Data("alice:open: sesame".utf8).base64EncodedString()
        for good in ["Basic \(token)", "basic \(token)", "BASIC \(token)", "bAsIc   \(token)", "Basic \(token)  "] {
            #expect(try await endpoint.ask(Endpoint.request(authorization: good))?.status == 200, "\(good)")
        }
        let wrong = [
            nil, "", "Basic", "Basic ", "Basic\(token)", "Bearer \(token)", "Basic \(token.dropLast())", "Basic \(token)A", "Basic A\(token)",
            "Basic \(token.lowercased())", token, "Basic alice:open: sesame", "Basix \(token)", "Basic \(token) x",
        ]
        for authorization in wrong {
            let reply = try #require(try await endpoint.ask(Endpoint.request(authorization: authorization)))
            #expect(reply.status == 401 && reply.body.isEmpty, "\(authorization ?? "none")")
            #expect(reply.headers["www-authenticate"] == #"Basic realm="jsonrpc""#)
        }
        // The connection goes on, and the body of what was refused is no request.
        let connection = try endpoint.connect()
        await connection.send(Endpoint.request(Endpoint.request("inner"), authorization: nil) + Endpoint.request("outer"))
        #expect(try await connection.reply()?.status == 401)
        #expect(try await connection.reply()?.text == "outer")
        await endpoint.stop()
    }

    @Test func whoWaitsForLeaveGetsIt() async throws {
        let endpoint = try await Endpoint()
        let connection = try endpoint.connect()
        await connection.send(Endpoint.request("", headers: ["Expect: 100-continue"], length: "5"))
        #expect(try await connection.reply()?.status == 100)
        await connection.send("hello")
        #expect(try await connection.reply()?.text == "hello")
        await connection.send(Endpoint.request("again"))
        #expect(try await connection.reply()?.text == "again")
        // The answer comes instead of the leave where the head decides.
        for (text, status) in [
            (Endpoint.request("", authorization: "Basic wrong", headers: ["Expect: 100-continue"], length: "5"), 401),
            (Endpoint.request("", target: "/nowhere", headers: ["Expect: 100-Continue"], length: "5"), 404),
            (Endpoint.request("", headers: ["Expect: 100-continue"], length: "\(HTTPFrontEnd.bodyLimit + 1)"), 413),
            (Endpoint.request("", headers: ["Expect: something"], length: "5"), 417),
        ] {
            let connection = try endpoint.connect()
            await connection.send(text)
            let reply = try #require(try await connection.reply())
            #expect(reply.status == status && reply.headers["connection"] == "close")
            #expect(try await connection.isEnded())
        }
        // HTTP/1.0 knows no leave.
        let old = try endpoint.connect()
        await old.send(Endpoint.request("", version: "1.0", headers: ["Expect: 100-continue"], length: "5"))
        await old.send("hello")
        #expect(try await old.reply()?.text == "hello")
        await endpoint.stop()
    }

    @Test func longBodiesAreRefusedAtOnce() async throws {
        let endpoint = try await Endpoint { body in Array("\(body.count)".utf8) }
        // By the length that is announced, before anything of it has come; however long.
        for length in ["\(HTTPFrontEnd.bodyLimit + 1)", "9223372036854775808", "18446744073709551615"] {
            let connection = try endpoint.connect()
            await connection.send(Endpoint.request("", length: length))
            let reply = try #require(try await connection.reply())
            #expect(reply.status == 413 && reply.headers["connection"] == "close" && reply.text.contains("\(HTTPFrontEnd.bodyLimit)"))
            #expect(try await connection.isEnded())
        }
        // Whoever sends it all the same can read the answer.
        let stubborn = try endpoint.connect()
        let long = [UInt8](repeating: 0x20, count: HTTPFrontEnd.bodyLimit + (1 << 20))
        await stubborn.send(Endpoint.request("", length: "\(long.count)"))
        await stubborn.send(long)
        #expect(try await stubborn.reply()?.status == 413)
        // By counting where nothing is announced, with and without credentials.
        for authorization in [Endpoint.credentials.authorization, nil] {
            let chunked = try endpoint.connect()
            await chunked.send(Endpoint.request("", authorization: authorization, headers: ["Transfer-Encoding: chunked"], length: ""))
            let piece = "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"
            for _ in 0..<17 { await chunked.send(piece) }
            #expect(try await chunked.reply()?.status == 413)
        }
        // At the limit both are taken.
        let most = try endpoint.connect()
        await most.send(Endpoint.request("", length: "\(HTTPFrontEnd.bodyLimit)"))
        await most.send([UInt8](repeating: 0x20, count: HTTPFrontEnd.bodyLimit))
        #expect(try await most.reply()?.text == "\(HTTPFrontEnd.bodyLimit)")
        await most.send(Endpoint.request("", headers: ["Transfer-Encoding: chunked"], length: ""))
        for _ in 0..<16 { await most.send("100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n") }
        await most.send("0\r\n\r\n")
        #expect(try await most.reply()?.text == "\(HTTPFrontEnd.bodyLimit)")
        await endpoint.stop()
    }

    @Test func longHeadsAndWhatIsNoHTTPEndTheConnection() async throws {
        let endpoint = try await Endpoint()
        let long = String(repeating: "a", count: 9_000)
        let cases = [
            (Endpoint.request(target: "/" + long), 400), (Endpoint.request(headers: ["X: " + long]), 400),
            (Endpoint.request(target: "/" + String(repeating: long, count: 50)), 400),
            (Endpoint.request(headers: [String](repeating: "X: aaaaaaaaaa", count: 9_000)), 400),
            (Endpoint.request(headers: ["\(long): x"]), 400), ("\u{0}\u{1}\u{2}\r\n\r\n", 501), ("GET /\r\n\r\n", 400),
            (Endpoint.request(version: "2.0"), 400), (Endpoint.request(headers: ["no colon"]), 400), (Endpoint.request(length: "-1"), 400),
            (Endpoint.request(length: "5x"), 400), (Endpoint.request(headers: ["Content-Length: 3"]), 400),
            // Two ways to say where a body ends are how requests are smuggled.
            (Endpoint.request("5\r\nhello\r\n0\r\n\r\n", headers: ["Transfer-Encoding: chunked"], length: "5"), 400),
            (Endpoint.request("zz\r\nhello\r\n0\r\n\r\n", headers: ["Transfer-Encoding: chunked"], length: ""), 400),
            (Endpoint.request(headers: ["X : y"]), 400), (Endpoint.request(headers: ["X: y", " z"]), 400),
            (Endpoint.request(method: "NOSUCH"), 501), (Endpoint.request(method: "post"), 501), (Endpoint.request(method: "OPTIONS"), 501),
        ]
        for (text, status) in cases {
            let connection = try endpoint.connect()
            await connection.send(text)
            let reply = try await connection.reply()
            #expect(reply?.status == status && reply?.headers["connection"] == "close", "\(text.count) bytes, \(text.prefix(60).debugDescription): \(reply?.status ?? 0)")
            #expect(try await connection.isEnded())
        }
        #expect(try await endpoint.ask(Endpoint.request(headers: ["X: " + String(repeating: "a", count: 7_000)]))?.status == 200)
        await endpoint.stop()
    }

    @Test func pathsAndMethodsAreBitcoinds() async throws {
        let endpoint = try await Endpoint()
        for target in ["/", "/wallet/", "/wallet/a", "/wallet/a%20b"] {
            let reply = try #require(try await endpoint.ask(Endpoint.request(target: target)))
            #expect(reply.status == 200 && reply.headers["x-path"] == target.removingPercentEncoding, "\(target)")
        }
        // What is no percent encoding is taken as it stands, and not for another wallet.
        #expect(try await endpoint.ask(Endpoint.request(target: "/wallet/%zz"))?.headers["x-path"] == "/wallet/%zz")
        for target in ["/nowhere", "/?x=1", "//", "*", "http://x/", "/walle", "/wallet", "/res"] {
            // Before credentials are looked at, as bitcoind does.
            let reply = try await endpoint.ask(Endpoint.request(target: target, authorization: nil))
            #expect(reply?.status == 404 && reply?.body.isEmpty == true, "\(target)")
        }
        for method in ["GET", "PUT", "DELETE"] {
            let reply = try await endpoint.ask(Endpoint.request("", method: method, authorization: nil))
            #expect(reply?.status == 405 && reply?.headers["allow"] == "POST")
            #expect(reply?.text == "JSONRPC server handles only POST requests")
        }
        let head = try endpoint.connect()
        await head.send(Endpoint.request("", method: "HEAD") + Endpoint.request("next"))
        #expect(try await head.reply(toHead: true)?.status == 405)
        #expect(try await head.reply()?.text == "next")
        #expect(try await endpoint.ask(Endpoint.request("", method: "GET", target: "/rest/a/b.bin"))?.text == "a/b.bin")
        #expect(try await endpoint.ask(Endpoint.request("", method: "GET", target: "/rest/a", authorization: nil))?.status == 401)
        #expect(try await endpoint.ask(Endpoint.request("", target: "/rest/a"))?.headers["allow"] == "GET")
        let none = try #require(try await endpoint.ask(Endpoint.request("")))
        #expect(none.status == 204 && none.headers["content-length"] == nil)
        await endpoint.stop()
    }

    @Test func theConnectionEndsWhenTheClientSaysSo() async throws {
        let endpoint = try await Endpoint()
        for text in [
            Endpoint.request(headers: ["Connection: close"]), Endpoint.request(version: "1.0"), Endpoint.request(headers: ["Connection: Upgrade", "Upgrade: h2c"]),
        ] {
            let connection = try endpoint.connect()
            await connection.send(text)
            let reply = try #require(try await connection.reply())
            #expect(reply.text == "hello" && reply.headers["connection"] == "close")
            #expect(try await connection.isEnded())
        }
        let kept = try endpoint.connect()
        for _ in 0..<2 {
            await kept.send(Endpoint.request(version: "1.0", headers: ["Connection: keep-alive"]))
            #expect(try await kept.reply()?.headers["connection"] == "keep-alive")
        }
        // Who closes its side behind its requests reads all the answers.
        let half = try endpoint.connect()
        await half.send(Endpoint.request("one") + Endpoint.request("two"))
        await half.endSending()
        #expect(try await half.reply()?.text == "one")
        #expect(try await half.reply()?.text == "two")
        #expect(try await half.isEnded())
        await endpoint.stop()
    }

    /// RFC 9112 section 2.2.
    @Test func emptyLinesBeforeARequestAreSkipped() async throws {
        let endpoint = try await Endpoint()
        let connection = try endpoint.connect()
        for lines in ["\r\n", "\r\n\r\n", "\n", ""] {
            await connection.send(lines + Endpoint.request("hello"))
            #expect(try await connection.reply()?.text == "hello")
        }
        await endpoint.stop()
    }

    @Test func whatDribblesIsCutOff() async throws {
        let endpoint = try await Endpoint(timeout: .milliseconds(300))
        let whole = Endpoint.request(String(repeating: "a", count: 1_000))
        for (beginning, more) in [("", "\r\n"), ("PO", ""), (String(whole.prefix(40)), "a"), (String(whole.prefix(400)), "a")] {
            let connection = try endpoint.connect()
            await connection.send(beginning)
            for _ in 0..<50 {
                guard await connection.send(more) else { break }
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await connection.isEnded(), "after '\(beginning.prefix(20))'")
        }
        await endpoint.stop()
    }

    @Test func longRepliesComeWhole() async throws {
        let endpoint = try await Endpoint { body in
            let count = Int(String(decoding: body, as: UTF8.self)) ?? 0
            return [UInt8](unsafeUninitializedCapacity: count) { bytes, size in
                for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31 >> 4) }
                size = count
            }
        }
        let connection = try endpoint.connect()
        for count in [1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000] {
            await connection.send(Endpoint.request("\(count)"))
            let body = try #require(try await connection.reply()).body
            #expect(body.count == count && body.last == UInt8(truncatingIfNeeded: (count - 1) &* 31 >> 4))
        }
        await endpoint.stop()
    }
}
