import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P

extension PeerSync {
    func receive(inventory items: [InventoryItem], from peer: PeerID) async {
        var wanted: [InventoryItem] = []
        var unknownBlock = false
        for item in items {
            peers[peer]?.learn(item.hash)
            switch item.kind {
            case .block:
                if await !chain.knows(item.hash) { unknownBlock = true }
            case .transaction:
                guard await chain.mempoolEntry(item.hash) == nil, shouldRequest(item.hash) else { continue }
                wanted.append(item)
            default: continue
            }
        }
        if unknownBlock { await askForHeaders(peer) }
        if !wanted.isEmpty { network.send(.getdata(wanted), to: peer) }
    }

    /// A transaction is asked of one peer at a time; after a minute another may be asked.
    private func shouldRequest(_ txid: Hash256) -> Bool {
        let time = now()
        if let asked = requestedTransactions[txid], time - asked < .seconds(60) { return false }
        if requestedTransactions.count >= 50_000 {
            // Looked through once a minute at most: who announces that much may wait.
            guard time - lastPurge >= .seconds(60) else { return false }
            lastPurge = time
            requestedTransactions = requestedTransactions.filter { time - $0.value < .seconds(60) }
        }
        requestedTransactions[txid] = time
        return true
    }

    /// Transactions that came while this node was behind are not announced again: once the chain has moved on and rests, peers are asked for what they hold.
    func askForMissedTransactions() {
        guard let missed = missedTransaction, let changed = lastTipChange, changed > missed, now() - changed >= .seconds(2) else { return }
        missedTransaction = nil
        for peer in peers.keys { network.send(.mempool, to: peer) }
    }

    func receive(transaction bytes: [UInt8], from peer: PeerID) async {
        guard let transaction = try? Transaction(decoding: bytes) else { return punish(peer, "a transaction that does not decode") }
        let txid = transaction.txid
        peers[peer]?.learn(txid)
        do {
            try await chain.submit(transaction)
        } catch let rejection as MempoolRejection {
            switch rejection.kind {
            case .invalid: punish(peer, "transaction \(txid): \(rejection.reason)")
            case .missingInputs, .early: missedTransaction = now()
            case .known, .confirmed, .policy: break
            }
        } catch {}
        requestedTransactions[txid] = nil
    }
}
