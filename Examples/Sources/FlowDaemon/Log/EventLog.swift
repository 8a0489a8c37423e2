import FlowConsensus
import FlowCrypto
import FlowModel
import FlowNode
import Logging

/// Writes down what happens in the node.
struct EventLog: Sendable {
    private let log: Logger
    private let validation = DaemonLog.logger(.validation), mempool = DaemonLog.logger(.mempool)

    init(_ log: Logger) { self.log = log }

    func follow(_ events: AsyncStream<NodeEvent>) async {
        for await event in events { write(event) }
    }

    private func write(_ event: NodeEvent) {
        switch event {
        case let .connected(hash, height): log.info("block", metadata: ["height": "\(height)", "hash": "\(hash)"])
        case let .reorganised(from, to, depth):
            log.notice("reorganised", metadata: ["from": "\(from)", "to": "\(to)", "depth": "\(depth)"])
        case let .judged(hash, fate): validation.debug("judged", metadata: ["hash": "\(hash)", "fate": "\(fate)"])
        case let .disconnected(hash, height): validation.debug("left", metadata: ["height": "\(height)", "hash": "\(hash)"])
        case let .transaction(transaction, txid, number, _):
            mempool.debug("arrived", metadata: ["txid": "\(txid)", "bytes": "\(transaction.encodedLength)", "number": "\(number)"])
        case let .dropped(txid, number): mempool.debug("dropped", metadata: ["txid": "\(txid)", "number": "\(number)"])
        case let .modelFile(file):
            log.info("model file", metadata: ["height": "\(file.height)", "type": "\(file.format.rawValue)", "bytes": "\(file.byteCount)"])
        case let .warning(error): log.warning("\(error)")
        case let .fault(error): log.critical("\(error)")
        default: return
        }
    }
}
