/// A topic that is published at an address.
struct Publication: Sendable, Hashable {
    /// bitcoind's names for what is published.
    enum Topic: String, Sendable {
        case hashBlock = "hashblock"
        case hashTransaction = "hashtx"
        case rawBlock = "rawblock"
        case rawTransaction = "rawtx"
        case sequence
    }

    let topic: Topic
    /// As it was given.
    let address: String
    /// Messages that wait for one subscriber at most; 0 for no limit.
    let limit: Int

    /// As ZeroMQ writes it.
    var endpoint: String { address.hasPrefix("unix:") ? "ipc://" + address.dropFirst("unix:".count) : address }

    var isPlace: Bool {
        if endpoint.hasPrefix("ipc://") { return endpoint.utf8.count > "ipc://".utf8.count }
        guard endpoint.hasPrefix("tcp://"), let colon = endpoint.lastIndex(of: ":") else { return false }
        return UInt16(endpoint[endpoint.index(after: colon)...]) != nil && endpoint.distance(from: endpoint.startIndex, to: colon) > "tcp://".count
    }
}
