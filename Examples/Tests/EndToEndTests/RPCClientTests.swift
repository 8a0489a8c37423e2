import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// The client against servers that misbehave, and what it costs to wait.
@Suite struct RPCClientTests {
    /// A server for one connection: reads what comes first, writes `answer`, then closes or stays silent.
    private static func server(answer: String, closes: Bool) throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        Thread.detachNewThread {
            defer { close(descriptor) }
            let peer = accept(descriptor, nil, nil)
            defer { close(peer) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            _ = recv(peer, &bytes, bytes.count, 0)
            _ = answer.withCString { send(peer, $0, strlen($0), 0) }
            // Until the client gives up.
            if !closes { while recv(peer, &bytes, bytes.count, 0) > 0 {} }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private func failure(of client: RPCClient) async -> String? {
        do {
            _ = try await client.call("getblockcount")
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func client(_ port: UInt16, timeout: TimeInterval = 60) -> RPCClient {
        RPCClient(host: "127.0.0.1", port: port, credentials: RPCCredentials(user: "a", password: "b"), timeout: timeout)
    }

    @Test func anAnswerIsRead() async throws {
        let body = #"{"result":7,"error":null,"id":1}"#
        let port = try Self.server(answer: "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", closes: false)
        #expect(try await client(port).call("getblockcount").integer == 7)
    }

    @Test func whatServersDoWrongIsNamed() async throws {
        let silent = try Self.server(answer: "", closes: false)
        #expect(await failure(of: client(silent, timeout: 1))?.contains("sent nothing for 1 s") == true)
        let half = try Self.server(answer: "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", closes: true)
        #expect(await failure(of: client(half))?.contains("Could not reach") == true)
        let foreign = try Self.server(answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", closes: true)
        #expect(await failure(of: client(foreign))?.contains("another program") == true)
        let refused = try Self.server(answer: "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", closes: true)
        #expect(await failure(of: client(refused))?.contains("credentials") == true)
        let nobody = try FreePorts.take(1)[0]
        #expect(await failure(of: client(nobody))?.contains("start flowcoind") == true)
    }

    @Test func aCancelledCallEnds() async throws {
        let port = try Self.server(answer: "", closes: false)
        let client = client(port, timeout: 900)
        let call = Task { try await client.call("getblockcount") }
        try await Task.sleep(for: .milliseconds(200))
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
    }

    /// A miner or a command line that waits for the node leaves the processor to it.
    @Test func waitingTakesNoProcessorTime() async throws {
        let port = try Self.server(answer: "", closes: false)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Programs.path("flowcoin-cli"))
        process.arguments = ["-regtest", "-rpcport=\(port)", "-rpcuser=a", "-rpcpassword=b", "getblockcount"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        try await Task.sleep(for: .seconds(4))
        // Fields 14 and 15 of proc(5): processor time in user and kernel mode, in hundredths of a second.
        let line = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = line[(try #require(line.lastIndex(of: ")")))...].split(separator: " ")
        let hundredths = try #require(Int(fields[12])) + #require(Int(fields[13]))
        #expect(process.isRunning && hundredths < 50, "\(hundredths) hundredths of a second")
        process.terminate()
        process.waitUntilExit()
    }
}
