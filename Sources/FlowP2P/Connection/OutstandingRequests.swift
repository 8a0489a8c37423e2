/// How many things a peer was asked for and has not sent. They never expire: an answer that comes late is an answer.
struct OutstandingRequests: Sendable {
    private var counts: [MessageCommand: Int] = [:]

    /// Counts what a message to the peer asks for.
    mutating func sent(_ message: NetworkMessage) {
        switch message {
        case .getdata(let items):
            for item in items { if let command = Self.answer(to: item.kind) { add(1, command) } }
        case .getmodel(let request): add(request.indices.count, .model)
        case .getcorpus(let request): add(request.indices.count, .corpus)
        default: break
        }
    }

    /// Strikes off what a message from the peer answers.
    mutating func received(_ message: NetworkMessage) {
        switch message {
        case .block, .tx, .model, .corpus: add(-1, message.command)
        case .notfound(let items):
            for item in items { if let command = Self.answer(to: item.kind) { add(-1, command) } }
        default: break
        }
    }

    func expects(_ command: MessageCommand) -> Bool { (counts[command] ?? 0) > 0 }

    /// Whether a message of this size may come now: blocks and pieces only as answers, transactions unasked while small.
    func admit(_ command: MessageCommand, length: Int) -> Bool {
        switch command {
        case .block, .model, .corpus: expects(command)
        case .tx: length <= ProtocolLimits.unrequestedTransactionBytes || expects(.tx)
        default: true
        }
    }

    private mutating func add(_ count: Int, _ command: MessageCommand) {
        counts[command] = max(0, min((counts[command] ?? 0) + count, 1 << 40))
    }

    private static func answer(to kind: InventoryItem.Kind) -> MessageCommand? {
        switch kind {
        case .block: .block
        case .transaction: .tx
        case .model: .model
        case .corpus: .corpus
        default: nil
        }
    }
}
