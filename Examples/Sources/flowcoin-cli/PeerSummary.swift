import ProgramSupport

/// What `-netinfo` shows: a line for each peer, those of the shortest answer first.
struct PeerSummary {
    private let network: JSONResult
    private let peers: [JSONResult]

    init(_ caller: Caller) async throws {
        network = try await caller.call("getnetworkinfo")
        peers = try await caller.call("getpeerinfo").array ?? []
    }

    var printed: String {
        var rows = [["<->", "ping ms", "recv", "send", "height", "client", "address"]]
        for peer in peers.sorted(by: { ($0["minping"].double ?? .infinity) < ($1["minping"].double ?? .infinity) }) {
            rows.append([
                peer["inbound"].bool == true ? "in" : "out", peer["minping"].double.map { String(Int($0 * 1_000)) } ?? "-", "\(peer["bytesrecv"].unsigned ?? 0)",
                "\(peer["bytessent"].unsigned ?? 0)", "\(peer["startingheight"].unsigned ?? 0)", peer["subver"].string ?? "", peer["addr"].string ?? "",
            ])
        }
        let widths = (0..<7).map { column in rows.map { $0[column].count }.max() ?? 0 }
        let table = rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
        return ([network["subversion"].string ?? "", ""] + table + ["", "in \(network["connections_in"].printed), out \(network["connections_out"].printed)"]).joined(separator: "\n")
    }
}
