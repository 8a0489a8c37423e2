import FlowDaemon
import FlowHTTP
import FlowP2P
import Foundation
import ProgramSupport
import Synchronization
import Testing

/// Bounds, addresses, and the end of a server.
@Suite(.serialized) struct ServerTests {
    @Test func bothLoopbackAddressesAnswer() async throws {
        let endpoint = try await Endpoint()
        for overIPv6 in [false, true] {
            let connection = try RawConnection(port: endpoint.port, overIPv6: overIPv6)
            await connection.send(Endpoint.request())
            #expect(try await connection.reply()?.text == "hello")
        }
        // Either is enough to be in the way of another: its clients would meet us.
        for host in ["127.0.0.1", "::1"] {
            let error = await #expect(throws: ProgramError.self) {
                _ = try await Endpoint(endpoints: [HTTPEndpoint(host: host, port: endpoint.port)])
            }
            #expect(error?.description == "The RPC port \(endpoint.port) is in use: stop the program that holds it, or choose another with -rpcport.")
        }
        // An address that this machine does not have.
        let absent = HTTPEndpoint(host: "203.0.113.7", port: 0), loopback = HTTPEndpoint(host: "127.0.0.1", port: 0)
        let error = await #expect(throws: ProgramError.self) { _ = try await Endpoint(endpoints: [loopback, absent]) }
        #expect(error?.description.contains("203.0.113.7") == true && error?.description.contains("-rpcbind") == true)
        let optional = HTTPEndpoint(host: "203.0.113.7", port: 0, isOptional: true)
        let other = try await Endpoint(endpoints: [loopback, optional])
        #expect(try await other.ask(Endpoint.request())?.text == "hello")
        await other.stop()
        await endpoint.stop()
    }

    /// An address of this machine that is not loopback.
    static let ownAddress: UInt32? = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        return sequence(first: list) { $0?.pointee.ifa_next }.lazy.compactMap { entry -> UInt32? in
            guard let address = entry?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
            let host = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt32(bigEndian: $0.pointee.sin_addr.s_addr) }
            return host >> 24 == 127 ? nil : host
        }.first { _ in true }
    }()

    @Test func othersAreAllowedByName() async throws {
        // A machine without any network has nobody to allow.
        guard let host = Self.ownAddress else { return }
        let text = (0..<4).map { "\(host >> (24 - 8 * $0) & 0xFF)" }.joined(separator: ".")
        let everywhere = [HTTPEndpoint(host: "0.0.0.0", port: 0)]
        for (allowed, status) in [([], 403), (["198.51.100.0/24"], 403), (["198.51.100.0/24", text], 200), (["0.0.0.0/0"], 200)] {
            let endpoint = try await Endpoint(endpoints: everywhere, allowed: try allowed.map { try #require(NetworkRange($0)) })
            for authorization in [Endpoint.credentials.authorization, nil] where status == 403 || authorization != nil {
                let connection = try RawConnection(port: endpoint.port, host: host)
                await connection.send(Endpoint.request(authorization: authorization))
                #expect(try await connection.reply()?.status == status, "\(allowed)")
            }
            // This machine always may.
            #expect(try await endpoint.ask(Endpoint.request())?.status == 200)
            await endpoint.stop()
        }
    }

    @Test func callsBeyondTheQueueAreToldSo() async throws {
        let latch = Latch()
        let endpoint = try await Endpoint(workQueue: 4) { body in
            await latch.wait()
            return body
        }
        let held = try (0..<20).map { _ in try endpoint.connect() }
        for (number, connection) in held.enumerated() { await connection.send(Endpoint.request("call \(number)")) }
        try await eventually("twenty calls in hand") { latch.count == 20 }
        let surplus = try endpoint.connect()
        for _ in 0..<3 {
            await surplus.send(Endpoint.request())
            let reply = try #require(try await surplus.reply())
            #expect(reply.status == 503 && reply.text == "Work queue depth exceeded")
        }
        // Who has no credentials takes no place, and is not told about the queue.
        #expect(try await endpoint.ask(Endpoint.request(authorization: nil))?.status == 401)
        latch.open()
        for (number, connection) in held.enumerated() { #expect(try await connection.reply()?.text == "call \(number)") }
        await surplus.send(Endpoint.request())
        #expect(try await surplus.reply()?.status == 200)
        await endpoint.stop()
    }

    @Test func tenThousandCallsAtOnceAreAllAnswered() async throws {
        raiseFileLimit()
        let endpoint = try await Endpoint()
        // As many connections as are served, and more that are told to come again.
        let connections = try (0..<1_100).map { _ in try endpoint.connect() }
        for connection in connections { await connection.send(String(repeating: Endpoint.request(), count: 10)) }
        var counts: [Int: Int] = [:], closed = 0
        for connection in connections {
            for _ in 0..<10 {
                guard let reply = try await connection.reply() else { break }
                counts[reply.status, default: 0] += 1
                if reply.headers["connection"] == "close" {
                    closed += 1
                    break
                }
            }
        }
        #expect(Set(counts.keys).isSubset(of: [200, 503]))
        #expect(closed == 1_100 - 1_024 && counts.values.reduce(0, +) == 10_240 + closed, "\(counts), \(closed) closed")
        #expect((counts[200] ?? 0) > 0)
        await endpoint.stop()
    }

    private struct Echo: HTTPService {
        func refusal(of head: HTTPRequest) -> HTTPReply? { nil }
        func answer(_ request: HTTPRequest) async -> HTTPReply { HTTPReply(type: "text/plain", body: .whole(request.body)) }
        func reply(to fault: HTTPFault) -> HTTPReply { HTTPReply(status: fault.status, text: fault.message) }
    }

    @Test func connectionsAreBounded() async throws {
        var settings = HTTPServerSettings()
        settings.connections = 2
        settings.refusals = 100
        let server = try await HTTPServer([HTTPEndpoint(host: "127.0.0.1", port: 0)], settings: settings, service: Echo())
        let held = try (0..<2).map { _ in try RawConnection(port: server.port) }
        for connection in held {
            await connection.send(Endpoint.request())
            #expect(try await connection.reply()?.status == 200)
        }
        // More than are told so at a time: the last wait until the first have gone.
        let surplus = try (0..<600).map { _ in try RawConnection(port: server.port) }
        // Those that ask late are answered as well.
        try await Task.sleep(for: .milliseconds(100))
        for connection in surplus { await connection.send(Endpoint.request()) }
        for connection in surplus {
            let reply = try await connection.reply()
            #expect(reply?.status == 503 && reply?.headers["connection"] == "close")
            #expect(try await connection.isEnded())
            await connection.hangUp()
        }
        await held[0].hangUp()
        try await eventually("room") { server.connections < 2 }
        let next = try RawConnection(port: server.port)
        await next.send(Endpoint.request())
        #expect(try await next.reply()?.status == 200)
        await server.stop(waiting: .seconds(5))
    }

    @Test func whoDoesNotReadIsCutOff() async throws {
        var settings = HTTPServerSettings()
        settings.bodyLength = 64 << 20
        settings.writeTime = .milliseconds(300)
        let server = try await HTTPServer([HTTPEndpoint(host: "127.0.0.1", port: 0)], settings: settings, service: Echo())
        let connection = try RawConnection(port: server.port)
        await connection.send(Endpoint.request("", length: "\(64 << 20)"))
        await connection.send([UInt8](repeating: 0x61, count: 64 << 20))
        try await eventually("the connection's end") { server.connections == 0 }
        await server.stop(waiting: .seconds(5))
    }

    @Test func whatIsBegunIsDoneThoughTheClientLeaves() async throws {
        let latch = Latch(), done = Atomic(0), cancelled = Atomic(0)
        let endpoint = try await Endpoint { body in
            await latch.wait()
            if Task.isCancelled { cancelled.add(1, ordering: .relaxed) }
            done.add(1, ordering: .relaxed)
            return body
        }
        let connection = try endpoint.connect()
        await connection.send(Endpoint.request())
        try await eventually("a call") { latch.count == 1 }
        await connection.hangUp()
        try await Task.sleep(for: .milliseconds(100))
        latch.open()
        try await eventually("the call's end") { done.load(ordering: .relaxed) == 1 }
        #expect(cancelled.load(ordering: .relaxed) == 0)
        await endpoint.stop()
    }

    @Test func theEndWaitsForRepliesAndForNothingElse() async throws {
        let latch = Latch()
        let endpoint = try await Endpoint { body in
            await latch.wait()
            return body
        }
        let busy = try endpoint.connect(), idle = try endpoint.connect(), half = try endpoint.connect()
        await busy.send(Endpoint.request("one") + Endpoint.request("two"))
        await half.send(String(Endpoint.request().dropLast(2)))
        try await eventually("a call") { latch.count == 1 }
        let end = Task { await endpoint.stop() }
        #expect(try await idle.isEnded())
        #expect(try await half.isEnded())
        #expect(throws: (any Error).self) { try endpoint.connect() }
        latch.open()
        let reply = try #require(try await busy.reply())
        #expect(reply.text == "one" && reply.headers["connection"] == "close")
        #expect(try await busy.isEnded())
        await end.value
    }

    @Test func whatDoesNotEndIsCancelled() async throws {
        let endpoint = try await Endpoint { _ in
            do {
                try await Task.sleep(for: .seconds(3_600))
                return Array("slept".utf8)
            } catch {
                return Array("cancelled".utf8)
            }
        }
        let connection = try endpoint.connect()
        await connection.send(Endpoint.request())
        try await Task.sleep(for: .milliseconds(200))
        await endpoint.stop()
        #expect(try await connection.reply()?.text == "cancelled")
    }
}
