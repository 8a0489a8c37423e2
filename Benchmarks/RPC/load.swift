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

    /// Reads what is there; the status of a reply that came whole.
    mutating func reply(_ buffer: inout [UInt8]) -> Int? {
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { fail("the server closed a connection") }
        unread += buffer[..<count]
        guard let end = unread.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: unread[..<end.lowerBound], as: UTF8.self).lowercased()
        let length = head.components(separatedBy: "content-length: ").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        guard unread.count >= end.upperBound + length else { return nil }
        unread.removeAll(keepingCapacity: true)
        return Int(head.split(separator: " ")[1])
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
