import FlowCrypto
import FlowEncoding
import FlowP2P

extension PeerSync {
    /// Answers a `getdata`, after earlier ones of the same peer and no faster than the peer reads.
    func serve(_ items: [InventoryItem], to peer: PeerID) {
        guard var state = peers[peer] else { return }
        state.queuedItems += items.count
        guard state.queuedItems <= SyncPeer.queuedLimit else {
            network.disconnect(peer, reason: "it asks for more than it reads")
            return
        }
        let before = state.serving
        state.serving = Task { [weak self] in
            await before?.value
            await self?.send(items, to: peer)
        }
        peers[peer] = state
    }

    private func send(_ items: [InventoryItem], to peer: PeerID) async {
        var missing: [InventoryItem] = []
        for item in items {
            guard !Task.isCancelled, peers[peer] != nil else { return }
            peers[peer]?.queuedItems -= 1
            switch item.kind {
            case .block:
                if let bytes = try? await chain.blockBytes(item.hash) {
                    peers[peer]?.learn(item.hash)
                    guard await network.sendWhenReady(.block(bytes), to: peer) else { return }
                    continue
                }
            case .transaction:
                if let entry = await chain.mempoolEntry(item.hash) {
                    guard await network.sendWhenReady(.tx(entry.transaction.encoded), to: peer) else { return }
                    continue
                }
            default: break
            }
            missing.append(item)
        }
        if !missing.isEmpty { network.send(.notfound(missing), to: peer) }
    }
}
