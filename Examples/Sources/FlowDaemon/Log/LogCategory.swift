/// What the log can say more about.
enum LogCategory: String, CaseIterable, Sendable {
    /// Peers.
    case net
    /// What comes to the mempool and goes.
    case mempool
    /// What becomes of blocks.
    case validation
    /// Each call, with its user.
    case rpc
    /// Commands that the node starts, and what they ended with.
    case notify
    /// Messages over ZeroMQ.
    case zmq

    /// What a word of `-debug`, or of the method `logging`, names; nil where it names nothing.
    static func named(_ word: String) -> Set<LogCategory>? {
        switch word {
        case "1", "all", "": Set(allCases)
        case "0", "none": []
        default: LogCategory(rawValue: word).map { [$0] }
        }
    }

    static let list = allCases.map(\.rawValue).joined(separator: ", ")
}
