// Keeps a number of connections busy with one JSON-RPC call for some seconds, one call at a time on each, and prints the calls
// answered with status 200 a second.
//
//     load PORT USER:PASSWORD CONNECTIONS SECONDS METHOD
import Foundation

let arguments = CommandLine.arguments
guard arguments.count == 6, let port = UInt16(arguments[1]), let connections = Int(arguments[3]), let seconds = Double(arguments[4]) else {
    FileHandle.standardError.write(Data("usage: load PORT USER:PASSWORD CONNECTIONS SECONDS METHOD\n".utf8))
    exit(2)
}
let body = #"{"jsonrpc":"1.0","id":1,"method":"\#(arguments[5])","params":[]}"#
let request = Array(
    """
    POST / HTTP/1.1\r
    Host: 127.0.0.1\r
    Authorization: Basic \(Data(arguments[2].utf8).base64EncodedString())\r
    Content-Type: application/json\r
    Content-Length: \(body.utf8.count)\r
    \r
    \(body)
    """.utf8)

struct Connection {
    var descriptor: Int32
    var unread: [UInt8] = []

    init(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else { fail("no connection to port \(port)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    func ask(_ request: [UInt8]) {
        guard request.withUnsafeBytes({ send(descriptor, $0.baseAddress, $0.count, 0) }) == request.count else { fail("a request did not go out") }
    }

    /// Reads what is there; the status of a reply that came whole. Looks at as little as it can: the server is what is measured.
    mutating func reply(_ buffer: inout [UInt8]) -> Int? {
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { fail("the server closed a connection") }
        // JSON-RPC's replies end with a closing brace and a line break, which nothing else of them does.
        unread += buffer[..<count]
        guard unread.count > 13, unread[unread.count - 1] == 0x0A, unread[unread.count - 2] == 0x7D else { return nil }
        let status = unread[9..<12].reduce(0) { $0 * 10 + Int($1) - 0x30 }
        unread.removeAll(keepingCapacity: true)
        return status
    }
}

func fail(_ text: String) -> Never {
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(1)
}

var all = (0..<connections).map { _ in Connection(port: port) }
var polls = all.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
var buffer = [UInt8](repeating: 0, count: 1 << 16)
var answered = 0, others = 0
let clock = ContinuousClock()
let start = clock.now, end = start + .seconds(seconds)
for connection in all { connection.ask(request) }
while clock.now < end {
    guard poll(&polls, nfds_t(polls.count), 1_000) > 0 else { fail("no answer in a second") }
    for index in polls.indices where polls[index].revents != 0 {
        guard let status = all[index].reply(&buffer) else { continue }
        if status == 200 { answered += 1 } else { others += 1 }
        all[index].ask(request)
    }
}
let time = start.duration(to: clock.now) / .seconds(1)
print("\(Int(Double(answered) / time)) \(others)")
