/// What a message costs the node that receives it, in units of about a microsecond of one processor core. Counted rather than
/// measured, so that the same messages always cost the same.
enum WorkCost {
    /// Any frame, with its checksum, and its reply where it is a ping.
    static let frame = 20.0
    /// A piece of the stream that arrives in fewer than `smallPiece` bytes.
    static let piece = 2.0
    static let smallPiece = 512

    /// Bytes that nobody asked for are paid for: checksum and decoding.
    static func frame(bytes: Int) -> Double { frame + Double(bytes) / 64 }

    /// What a decoded message costs beyond its frame.
    static func content(of message: NetworkMessage) -> Double {
        switch message {
        case .inv(let items), .notfound(let items): Double(items.count) * 2
        case .getdata(let items): Double(items.count) * 50
        case .headers(let headers): Double(headers.count) * 5
        case .getheaders: 500
        case .tx: 200
        case .mempool: 10_000
        case .getmodel(let request), .getcorpus(let request): Double(request.indices.count) * 200
        case .addr(let addresses): Double(addresses.count) * 5
        case .getaddr: 1_000
        default: 0
        }
    }
}
