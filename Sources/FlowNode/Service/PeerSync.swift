import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P
import Logging
import Synchronization

/// Joins a chain with a network: carries events to the sync and does what it decides.
final class PeerSync: Sendable {
    /// Items that one peer may have asked for and not been sent.
    static let queuedLimit = 100_000

    private struct Serving {
        var last: Task<Void, Never>
        var queuedItems = 0
    }

    private let chain: ChainService
    private let network: PeerNetwork
    private let log = Logger(label: "flowcoin.net")
    private let serving = Mutex<[PeerID: Serving]>([:])
    private let tasks = Mutex<[Task<Void, Never>]>([])
    /// Hosts that were banned for a false digest by this process.
    private let liars = Mutex<Set<NetworkRange>>([])

    init(chain: ChainService, network: PeerNetwork) {
        self.chain = chain
        self.network = network
    }

    /// Listens to the peers until `stop`.
    func start() async {
        network.startHeight = await chain.tip().height
        await chain.connectSync { [weak self] actions in
            for action in actions { self?.perform(action) }
        }
        let now = network.configuration.clock.now
        let started = [
            Task { [weak self, network, chain] in
                for await event in network.events {
                    self?.note(event)
                    switch event {
                    case .connected(let info): await chain.handle(.connected(info.id), now: now())
                    case .message(let peer, let message): await chain.handle(.message(peer, message), now: now())
                    case .disconnected(let peer, _): await chain.handle(.disconnected(peer), now: now())
                    default: continue
                    }
                }
            },
            Task { [chain] in
                while (try? await Task.sleep(for: .seconds(1))) != nil { await chain.handle(.tick, now: now()) }
            },
        ]
        tasks.withLock { $0 += started }
    }

    func stop() async {
        for task in tasks.withLock({ $0 }) { task.cancel() }
        for peer in serving.withLock({ $0.values.map(\.last) }) { peer.cancel() }
        await network.stop()
    }

    private func note(_ event: PeerEvent) {
        switch event {
        case .connected(let info):
            log.info("connected", metadata: ["peer": "\(info.address)", "agent": "\(info.userAgent)", "height": "\(info.startHeight)"])
        case .disconnected(let peer, let reason):
            log.info("disconnected", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
            serving.withLock { $0.removeValue(forKey: peer) }?.last.cancel()
        case .connectFailed(let endpoint, let error, _):
            log.warning("no connection", metadata: ["endpoint": "\(endpoint)", "reason": "\(error)"])
        case .message(let peer, let message): log.debug("received", metadata: ["peer": "\(peer)", "message": "\(message.command.rawValue)"])
        }
    }

    private func perform(_ action: BlockSync.Action) {
        switch action {
        case .send(let message, let peer): network.send(message, to: peer)
        case .serve(let items, let peer): serve(items, to: peer)
        case .misbehaved(let peer, let points, let fault):
            log.warning("misbehaviour", metadata: ["peer": "\(peer)", "fault": "\(fault)"])
            network.misbehaved(peer, points: points, fault: fault)
        case .lied(let peer, let fault):
            if let range = network.peer(peer).flatMap({ NetworkRange($0.host) }) { _ = liars.withLock { $0.insert(range) } }
            perform(.misbehaved(peer, points: 100, fault: fault))
        case .liftBansOfLiars:
            let hosts = liars.withLock { liars in
                defer { liars = [] }
                return liars
            }
            for host in hosts { network.unban(host) }
        case .parted(let peer, let reason): log.warning("other amendments", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        case .disconnect(let peer, let reason): network.disconnect(peer, reason: reason)
        case .useful(let peer, let use): network.noteUseful(peer, use)
        case .height(let height): network.startHeight = height
        }
    }

    // MARK: serving

    /// Answers a `getdata`, after earlier ones of the same peer and no faster than the peer reads.
    private func serve(_ items: [InventoryItem], to peer: PeerID) {
        let isTooMuch = serving.withLock { all -> Bool in
            let before = all[peer]
            let count = (before?.queuedItems ?? 0) + items.count
            guard count <= Self.queuedLimit else { return true }
            all[peer] = Serving(
                last: Task { [weak self] in
                    await before?.last.value
                    await self?.send(items, to: peer)
                }, queuedItems: count)
            return false
        }
        if isTooMuch { network.disconnect(peer, reason: "it asks for more than it reads") }
    }

    private func send(_ items: [InventoryItem], to peer: PeerID) async {
        var missing: [InventoryItem] = []
        for item in items {
            guard !Task.isCancelled, serving.withLock({ $0[peer] != nil }) else { return }
            serving.withLock { $0[peer]?.queuedItems -= 1 }
            switch item.kind {
            case .block:
                if let size = await chain.read({ $0.blockByteCount(item.hash) }) {
                    // Read only when there is room: a hundred peers that ask and do not read must not hold a block each.
                    var isGone = false
                    let isSent = await network.sendWhenReady(size: size, to: peer) {
                        let bytes = try? await chain.read({ try $0.blockBytes(item.hash) })
                        isGone = bytes == nil
                        return bytes.map { .block($0) }
                    }
                    if isSent { continue }
                    guard isGone else { return }
                }
            case .transaction:
                if let entry = await chain.read({ $0.mempool[item.hash] }) {
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
