import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import Logging
import ProgramSupport

/// Publishes what happens in the node over ZeroMQ, in the form of bitcoind's: topic, body, and the number of the message of that topic at that address, four
/// bytes little-endian (doc/zmq.md of Bitcoin Core).
actor Publisher {
    private let publications: [Publication]
    private let sockets: PublishingSockets
    private let chain: ChainService
    private var numbers: [Publication: UInt32] = [:]
    private let log = DaemonLog.logger(.zmq)

    init(_ publications: [Publication], chain: ChainService) throws(ProgramError) {
        self.publications = publications
        self.chain = chain
        sockets = try PublishingSockets(publications)
    }

    /// Who answers `getzmqnotifications`.
    static func method(_ publications: [Publication]) -> RPCMethod {
        RPCMethod("getzmqnotifications") { _ in
            .array(publications.map { ["type": .string("pub" + $0.topic.rawValue), "address": .string($0.address), "hwm": .integer($0.limit)] })
        }
    }

    /// Follows the node until the stream ends.
    func follow(_ events: AsyncStream<NodeEvent>) async {
        for await event in events { await publish(event) }
    }

    private func publish(_ event: NodeEvent) async {
        switch event {
        case .tip(let hash, _):
            send(.hashBlock, Self.displayed(hash))
            if wants(.rawBlock), let block = await block(hash) { send(.rawBlock, block.encoded) }
        case .connected(let hash, _):
            send(.sequence, Self.displayed(hash) + Array("C".utf8))
            await publishTransactions(of: hash)
        case .disconnected(let hash, _):
            send(.sequence, Self.displayed(hash) + Array("D".utf8))
            await publishTransactions(of: hash)
        case .transaction(let transaction, let txid, let number, _):
            publish(transaction, txid)
            send(.sequence, Self.displayed(txid) + Array("A".utf8) + Self.littleEndian(number))
        case .dropped(let txid, let number): send(.sequence, Self.displayed(txid) + Array("R".utf8) + Self.littleEndian(number))
        default: return
        }
    }

    private func publishTransactions(of hash: Hash256) async {
        guard wants(.hashTransaction) || wants(.rawTransaction), let block = await block(hash) else { return }
        for transaction in block.transactions { publish(transaction, transaction.txid) }
    }

    private func publish(_ transaction: Transaction, _ txid: Hash256) {
        send(.hashTransaction, Self.displayed(txid))
        if wants(.rawTransaction) { send(.rawTransaction, transaction.encoded) }
    }

    private func wants(_ topic: Publication.Topic) -> Bool { publications.contains { $0.topic == topic } }

    private func block(_ hash: Hash256) async -> Block? {
        do { return try await chain.block(hash) } catch {
            log.warning("a block cannot be read and is not published", metadata: ["hash": "\(hash)", "reason": "\(error)"])
            return nil
        }
    }

    private func send(_ topic: Publication.Topic, _ body: [UInt8]) {
        for publication in publications where publication.topic == topic {
            let number = numbers[publication] ?? 0
            numbers[publication] = number &+ 1
            let isSent = sockets.send([Array(topic.rawValue.utf8), body, Self.littleEndian(number)], at: publication.endpoint)
            if isSent {
                log.debug("published", metadata: ["topic": "\(topic.rawValue)", "address": "\(publication.address)", "number": "\(number)"])
            } else {
                log.warning("not published", metadata: ["topic": "\(topic.rawValue)", "address": "\(publication.address)", "number": "\(number)"])
            }
        }
    }

    /// As it is written in hexadecimal: ZeroMQ's messages turn hashes round, as bitcoind's do.
    private static func displayed(_ hash: Hash256) -> [UInt8] { (try? Hex.decode(hash.displayHex)) ?? [] }

    private static func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
}
