import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import Logging

/// Keeps a chain in step with its peers: headers first, then bodies from whoever has them; passes on what is new.
actor PeerSync {
    let chain: ChainService
    nonisolated let network: PeerNetwork
    private let log = Logger(label: "flowcoin.peers")
    nonisolated let now: @Sendable () -> Duration
    var scheduler = RequestScheduler()
    var peers: [PeerID: SyncPeer] = [:]
    /// Who sent a block that is not judged yet.
    private var sources: [Hash256: PeerID] = [:]
    var lastPurge: Duration = .zero
    /// When a transaction was last asked for.
    var requestedTransactions: [Hash256: Duration] = [:]
    private var lastSearch: Duration = .zero
    /// When a transaction came that this node's chain could not judge yet.
    var missedTransaction: Duration?
    var lastTipChange: Duration?
    private var tasks: [Task<Void, Never>] = []

    init(chain: ChainService, network: PeerNetwork) {
        self.chain = chain
        self.network = network
        now = network.configuration.clock.now
    }

    /// Listens to peers and chain until `stop`.
    func start() async {
        let events = chain.events()
        if let height = try? await chain.tip().height { network.startHeight = height }
        tasks = [
            Task { [weak self, network] in for await event in network.events { await self?.handle(event) } },
            Task { [weak self] in for await event in events { await self?.handle(event) } },
            Task { [weak self] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { await self?.tick() }
            },
        ]
    }

    func stop() async {
        for task in tasks { task.cancel() }
        for peer in peers.values { peer.serving?.cancel() }
        await network.stop()
    }

    // MARK: peers

    private func handle(_ event: PeerEvent) async {
        switch event {
        case .connected(let info):
            peers[info.id] = SyncPeer()
            scheduler.setPeer(info.id, height: info.startHeight)
            log.info("connected", metadata: ["peer": "\(info.address)", "agent": "\(info.userAgent)", "height": "\(info.startHeight)"])
            network.send(.sendheaders, to: info.id)
            network.send(.feefilter(UInt64(max(0, await chain.mempoolStatus().policy.minimumFeeRate))), to: info.id)
            await askForHeaders(info.id)
            network.send(.mempool, to: info.id)
        case .message(let peer, let message):
            guard peers[peer] != nil else { return }
            await handle(message, from: peer)
        case .disconnected(let peer, let reason):
            log.info("disconnected", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
            peers.removeValue(forKey: peer)?.serving?.cancel()
            scheduler.removePeer(peer)
            requestBodies()
        case .connectFailed(let place, let error, _):
            log.warning("no connection", metadata: ["place": "\(place)", "reason": "\(error)"])
        @unknown default: break
        }
    }

    private func handle(_ message: NetworkMessage, from peer: PeerID) async {
        switch message {
        case .headers(let headers): await receive(headers: headers, from: peer)
        case .block(let bytes): await receive(block: bytes, from: peer)
        case .tx(let bytes): await receive(transaction: bytes, from: peer)
        case .inv(let items): await receive(inventory: items, from: peer)
        case .getheaders(let request): await answer(request, to: peer)
        case .getdata(let items): serve(items, to: peer)
        case .notfound(let items):
            for item in items where item.kind == .block { scheduler.notFound(item.hash, from: peer) }
            requestBodies()
        case .mempool:
            let entries = await chain.mempoolEntries().prefix(ProtocolLimits.inventoryItems)
            if !entries.isEmpty { network.send(.inv(entries.map { InventoryItem(.transaction, $0.txid) }), to: peer) }
        case .sendheaders: peers[peer]?.wantsHeaders = true
        case .feefilter(let rate): peers[peer]?.feeFilter = rate
        case .getaddr: network.send(.addr([]), to: peer)
        case .getmodel(let request): network.send(.notfound([InventoryItem(.model, request.root)]), to: peer)
        case .getcorpus(let request): network.send(.notfound([InventoryItem(.corpus, request.root)]), to: peer)
        default: break
        }
    }

    // MARK: headers

    func askForHeaders(_ peer: PeerID) async {
        peers[peer]?.askedForHeaders = now()
        peers[peer]?.needsHeaders = false
        network.send(.getheaders(HeaderRequest(locator: await chain.locator())), to: peer)
    }

    private func receive(headers bytes: [[UInt8]], from peer: PeerID) async {
        var headers: [BlockHeader] = []
        for header in bytes {
            guard let header = try? BlockHeader(decoding: header) else { return punish(peer, "a header that does not decode") }
            headers.append(header)
        }
        guard let last = headers.last, let outcome = try? await chain.accept(headers: headers) else { return }
        for header in headers.suffix(16) { peers[peer]?.learn(header.hash) }
        switch outcome.refused {
        case nil:
            if let reached = await chain.entry(last.hash) { scheduler.setPeer(peer, height: reached.height) }
            if headers.count == ProtocolLimits.headers { await askForHeaders(peer) }
        case .orphan?:
            // The peer's chain leaves ours further down: once in a while the locator finds where.
            if let asked = peers[peer]?.askedForHeaders, now() - asked < .seconds(2) {
                peers[peer]?.needsHeaders = true
            } else {
                await askForHeaders(peer)
            }
        case .invalid(let rule, _, true)?: return punish(peer, "header: \(rule)")
        case .mutated(let rule, _)?: return punish(peer, "header: \(rule)")
        default: break
        }
        await findMissingBodies()
    }

    private func answer(_ request: HeaderRequest, to peer: PeerID) async {
        let headers = await chain.headers(after: request.locator, stop: request.stop, limit: ProtocolLimits.headers)
        network.send(.headers(headers.map(\.encoded)), to: peer)
    }

    // MARK: bodies

    /// Looks up which bodies are missing, which walks over the new part of the chain, and asks for them.
    private func findMissingBodies() async {
        guard !peers.isEmpty else { return }
        lastSearch = now()
        scheduler.want(await chain.missingBodies().map { ($0.hash, $0.height) })
        requestBodies()
    }

    func requestBodies() {
        for request in scheduler.requests(now: now()) {
            network.send(.getdata(request.hashes.map { InventoryItem(.block, $0) }), to: request.peer)
        }
    }

    private func receive(block bytes: [UInt8], from peer: PeerID) async {
        guard let block = try? Block(decoding: bytes) else { return punish(peer, "a block that does not decode") }
        let hash = block.hash
        _ = scheduler.received(hash, from: peer)
        peers[peer]?.learn(hash)
        if sources[hash] == nil { sources[hash] = peer }
        let fate: BlockFate?
        do { fate = try await chain.accept(block) } catch { return }
        switch fate {
        case nil, .duplicate?: break
        case .some(let fate):
            sources[hash] = peer
            settle(hash, fate)
        }
        if fate == .orphan { await askForHeaders(peer) }
        requestBodies()
    }

    /// A block's fate: whoever sent it is punished for what it could know.
    private func settle(_ hash: Hash256, _ fate: BlockFate) {
        guard let peer = sources.removeValue(forKey: hash) else { return }
        switch fate {
        case .mutated(let rule, _), .invalid(let rule, _, true): punish(peer, "block \(hash): \(rule)")
        default: break
        }
    }

    func punish(_ peer: PeerID, _ fault: String) {
        log.warning("misbehaviour", metadata: ["peer": "\(peer)", "fault": "\(fault)"])
        network.misbehaved(peer, points: 100, fault: fault)
    }

    // MARK: chain

    private func handle(_ event: NodeEvent) async {
        switch event {
        case .relayable(let hash): await announce(block: hash)
        case .transaction(let txid): await announce(transaction: txid)
        case .judged(let hash, let fate): settle(hash, fate)
        case .tip(_, let height):
            network.startHeight = height
            lastTipChange = now()
        default: break
        }
    }

    private func announce(block hash: Hash256) async {
        guard let header = await chain.entry(hash)?.header else { return }
        for (id, peer) in peers where !peer.known.contains(hash) {
            // A header tells a peer something only when it knows the parent; a peer that does not will ask.
            network.send(peer.wantsHeaders ? .headers([header.encoded]) : .inv([InventoryItem(.block, hash)]), to: id)
            peers[id]?.learn(hash)
        }
    }

    private func announce(transaction txid: Hash256) async {
        guard let entry = await chain.mempoolEntry(txid) else { return }
        for (id, peer) in peers where !peer.known.contains(txid) && Int64(clamping: peer.feeFilter) <= entry.feeRate {
            network.send(.inv([InventoryItem(.transaction, txid)]), to: id)
            peers[id]?.learn(txid)
        }
    }

    private func tick() async {
        for peer in scheduler.expire(now: now()) { network.disconnect(peer, reason: "it does not send the blocks that it was asked for") }
        for (id, peer) in peers where peer.needsHeaders { await askForHeaders(id) }
        if now() - lastSearch >= .seconds(30) { await findMissingBodies() } else { requestBodies() }
        askForMissedTransactions()
    }
}
