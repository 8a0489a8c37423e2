import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowP2P

/// Keeps a chain in step with its peers: headers first, then bodies along each peer's own branch; passes on what is new. A
/// value: what happened comes in, what to send comes out; it reads and changes the chain that it is given, and knows no clock.
struct BlockSync {
    /// Something that happened on the network.
    enum Event {
        case connected(PeerID)
        case message(PeerID, NetworkMessage)
        case disconnected(PeerID)
        /// Time has passed; about once a second.
        case tick
    }

    /// What the owner does, in this order.
    enum Action: Sendable, Equatable {
        case send(NetworkMessage, to: PeerID)
        /// Answer a request for data, no faster than the peer reads.
        case serve([InventoryItem], to: PeerID)
        case misbehaved(PeerID, points: Int, fault: String)
        case disconnect(PeerID, reason: String)
        /// It follows other amendments, which is no fault; the log says it.
        case parted(PeerID, reason: String)
        /// It delivered a block whose first digest is false.
        case lied(PeerID, fault: String)
        /// Bans that `lied` led to are lifted.
        case liftBansOfLiars
        /// The peer was the first with something new that is right.
        case useful(PeerID, PeerUsefulness)
        /// The height that new connections state.
        case height(BlockHeight)
    }

    private var now: Duration = .zero
    private var actions: [Action] = []
    private var requests = RequestScheduler()
    private var peers: [PeerID: SyncPeer] = [:]
    private var transactions = TransactionRequests()
    /// When a transaction came that this node's chain could not judge yet.
    private var missedTransaction: Duration?
    private var lastTipChange: Duration?
    /// Headers that a peer may announce without being asked, as Bitcoin Core does.
    private static let announcedHeaders = 8
    /// Headers made under other amendments that a peer may send before it is let go.
    static let foreignHeaders = 100

    /// What the operator should know of the peers that are connected: one line for each height at which some of them follow other amendments.
    var warnings: [String] {
        var lines: [BlockHeight: String] = [:]
        for (_, peer) in peers.sorted(by: { $0.key < $1.key }) {
            guard let (height, text) = peer.parting else { continue }
            lines[height] = lines[height] ?? "a peer follows other amendments from height \(height) on: \(text)"
        }
        return lines.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Takes an event of the network.
    mutating func handle(_ event: Event, now: Duration, chain: Chainstate) -> [Action] {
        self.now = now
        switch event {
        case .connected(let peer): connected(peer, chain)
        case .message(let peer, let message): if peers[peer] != nil { receive(message, from: peer, chain) }
        case .disconnected(let peer): disconnected(peer, chain)
        case .tick: tick(chain)
        }
        return take()
    }

    /// Takes what a call of the chain led to.
    mutating func handle(_ effect: Chainstate.Effect, chain: Chainstate) -> [Action] {
        switch effect {
        case .event(.relayable(let hash)): announce(block: hash, chain)
        case .event(.transaction(_, let txid, _, returns: false)): announce(transaction: txid, chain)
        case .event(.tip(let hash, let height)):
            actions.append(.height(height))
            lastTipChange = now
            // Whoever connected, or asked for headers, between the first step and the connection has not heard of it.
            announce(block: hash, chain)
            requestFromAll(chain)
        case .event: break
        case .proved(let source): if peers[PeerID(rawValue: source.rawValue)] != nil { actions.append(.useful(PeerID(rawValue: source.rawValue), .block)) }
        case .misbehaved(let source, let fault): punish(PeerID(rawValue: source.rawValue), fault)
        case .lied(let source, let fault): if peers[PeerID(rawValue: source.rawValue)] != nil { actions.append(.lied(PeerID(rawValue: source.rawValue), fault: fault)) }
        case .forfeited(let source):
            // What it claims besides is asked for anew.
            peers[PeerID(rawValue: source.rawValue)]?.needsHeaders = true
        case .reconsidered: askAllAgain()
        case .verdictsTakenBack:
            actions.append(.liftBansOfLiars)
            askAllAgain()
        }
        return take()
    }

    private mutating func askAllAgain() { for peer in peers.keys { peers[peer]?.needsHeaders = true } }

    private mutating func take() -> [Action] {
        defer { actions = [] }
        return actions
    }

    private mutating func send(_ message: NetworkMessage, to peer: PeerID) { actions.append(.send(message, to: peer)) }

    private mutating func punish(_ peer: PeerID, _ fault: String, points: Int = 100) {
        guard peers[peer] != nil else { return }
        actions.append(.misbehaved(peer, points: points, fault: fault))
    }

    private func announcer(_ peer: PeerID) -> BlockTree.Announcer { BlockTree.Announcer(rawValue: peer.rawValue) }

    // MARK: peers

    private mutating func connected(_ peer: PeerID, _ chain: Chainstate) {
        peers[peer] = SyncPeer()
        send(.sendheaders, to: peer)
        send(.feefilter(UInt64(max(0, chain.mempool.minimumFeeRate(now: chain.clock())))), to: peer)
        askForHeaders(peer, chain)
        send(.mempool, to: peer)
    }

    private mutating func disconnected(_ peer: PeerID, _ chain: Chainstate) {
        peers[peer] = nil
        requests.removePeer(peer)
        chain.remove(announcer(peer))
        requestFromAll(chain)
    }

    private mutating func receive(_ message: NetworkMessage, from peer: PeerID, _ chain: Chainstate) {
        switch message {
        case .headers(let headers): receive(headers: headers, from: peer, chain)
        case .block(let bytes): receive(block: bytes, from: peer, chain)
        case .tx(let bytes): receive(transaction: bytes, from: peer, chain)
        case .inv(let items): receive(inventory: items, from: peer, chain)
        case .getheaders(let request):
            let headers = chain.tree.headers(
                after: BlockLocator(hashes: request.locator), stop: request.stop, limit: ProtocolLimits.headers)
            send(.headers(headers.map(\.encoded)), to: peer)
            peers[peer]?.forgetEarly()
        case .getdata(let items): actions.append(.serve(items, to: peer))
        case .notfound(let items):
            for item in items where item.kind == .block { requests.notFound(item.hash, from: peer, now: now) }
            requestFromAll(chain)
        case .mempool where peers[peer]?.parting != nil: break
        case .mempool:
            let entries = chain.mempool.ordered.prefix(ProtocolLimits.inventoryItems)
            if !entries.isEmpty { send(.inv(entries.map { InventoryItem(.transaction, $0.txid) }), to: peer) }
        case .sendheaders: peers[peer]?.wantsHeaders = true
        case .feefilter(let rate): peers[peer]?.feeFilter = rate
        case .getmodel(let request): send(.notfound([InventoryItem(.model, request.root)]), to: peer)
        case .getcorpus(let request): send(.notfound([InventoryItem(.corpus, request.root)]), to: peer)
        default: break
        }
    }

    // MARK: headers

    private mutating func askForHeaders(_ peer: PeerID, _ chain: Chainstate) {
        peers[peer]?.askedForHeaders = now
        peers[peer]?.headersOutstanding += 1
        peers[peer]?.needsHeaders = false
        peers[peer]?.hasMoreHeaders = false
        send(.getheaders(HeaderRequest(locator: chain.tree.locator(for: announcer(peer)).hashes)), to: peer)
    }

    private mutating func receive(headers bytes: [[UInt8]], from peer: PeerID, _ chain: Chainstate) {
        guard var state = peers[peer] else { return }
        if state.headersOutstanding > 0 {
            state.headersOutstanding -= 1
        } else if bytes.count > Self.announcedHeaders {
            return punish(peer, "\(bytes.count) headers that nobody asked for, at most \(Self.announcedHeaders) are announced", points: 20)
        }
        peers[peer] = state
        var headers: [BlockHeader] = []
        headers.reserveCapacity(bytes.count)
        for header in bytes {
            guard let header = try? BlockHeader(decoding: header) else { return punish(peer, "a header that does not decode") }
            headers.append(header)
        }
        guard !headers.isEmpty, let outcome = try? chain.accept(headers: headers, from: announcer(peer)) else { return request(from: peer, chain) }
        for header in headers.suffix(outcome.new > 0 ? 16 : 1) { peers[peer]?.learn(header.hash) }
        switch outcome.refusal {
        case nil: if headers.count == ProtocolLimits.headers { askForHeaders(peer, chain) }
        case .full?: peers[peer]?.hasMoreHeaders = true
        case .unknownParent?:
            // The peer's chain leaves ours further down: the locator finds where, once in a while.
            peers[peer]?.needsHeaders = true
            askWhereNeeded(peer, chain)
        case .violation(let violation)?:
            guard let height = Self.parting(violation, headers, chain) else { return punish(peer, "header: \(violation.identifier)") }
            part(from: peer, at: height, violation, chain)
        case .brokenChain?: return punish(peer, "headers that do not build on each other")
        case .condemned?, .early?: break
        }
        request(from: peer, chain)
    }

    /// Where a branch that is right so far goes on under other amendments; nil when its violation is another one.
    private static func parting(_ violation: BlockViolation, _ headers: [BlockHeader], _ chain: Chainstate) -> BlockHeight? {
        guard case .version(_, _, let height, _) = violation,
            headers.contains(where: { $0.height == height && chain.tree[$0.previousHash]?.height == height &- 1 })
        else { return nil }
        return height
    }

    /// A peer follows other amendments. It is not to blame, and it is shown what this node has there, so that its operator is told as well.
    private mutating func part(from peer: PeerID, at height: BlockHeight, _ violation: BlockViolation, _ chain: Chainstate) {
        guard var state = peers[peer] else { return }
        defer { peers[peer] = state }
        state.foreignHeaders += 1
        if state.parting == nil {
            actions.append(.parted(peer, reason: "\(violation)"))
            if let own = chain.tree.connectedBlock(at: height) { send(.headers([own.header.encoded]), to: peer) }
        }
        if state.parting.map({ height < $0.height }) ?? true { state.parting = (height, "\(violation)") }
        guard state.foreignHeaders >= Self.foreignHeaders else { return }
        actions.append(.disconnect(peer, reason: "it follows other amendments from height \(height) on"))
    }

    /// Asks for headers what was put off, at most every other second, and once a minute who follows other amendments.
    private mutating func askWhereNeeded(_ peer: PeerID, _ chain: Chainstate) {
        guard let state = peers[peer] else { return }
        let isRoomAgain = state.hasMoreHeaders
            && chain.tree.unreplayedLength(of: announcer(peer)) <= chain.tree.limits.headersPerBranch / 2
        guard state.needsHeaders || isRoomAgain else { return }
        if let asked = state.askedForHeaders, now - asked < .seconds(state.parting == nil ? 2 : 60) { return }
        askForHeaders(peer, chain)
    }

    // MARK: bodies

    private mutating func request(from peer: PeerID, _ chain: Chainstate) {
        guard peers[peer] != nil else { return }
        let room = requests.room(of: peer)
        guard room > 0 else { return }
        let hashes = chain.tree.missingBodies(of: announcer(peer), limit: room) { !requests.mayAsk(peer, for: $0, now: now) }
        guard !hashes.isEmpty else { return }
        for hash in hashes { requests.asked(peer, for: hash, now: now) }
        send(.getdata(hashes.map { InventoryItem(.block, $0) }), to: peer)
    }

    /// In an order that moves on, so that no peer is always the first to be asked.
    private mutating func requestFromAll(_ chain: Chainstate) {
        for peer in peers.keys.sorted() { request(from: peer, chain) }
    }

    private mutating func receive(block bytes: [UInt8], from peer: PeerID, _ chain: Chainstate) {
        guard let block = try? Block(decoding: bytes) else { return punish(peer, "a block that does not decode") }
        let hash = block.hash
        requests.received(hash, from: peer, now: now)
        peers[peer]?.learn(hash)
        guard let fate = try? chain.accept(block, bytes: bytes, from: announcer(peer)) else {
            return request(from: peer, chain)
        }
        if fate == .orphan {
            peers[peer]?.needsHeaders = true
            askWhereNeeded(peer, chain)
        }
        request(from: peer, chain)
    }

    private mutating func announce(block hash: Hash256, _ chain: Chainstate) {
        guard let block = chain.tree[hash] else { return }
        for id in peers.keys.sorted() {
            guard let peer = peers[id], !peer.knows(hash) else { continue }
            // A header tells a peer something only when it knows the parent; a peer that does not will ask.
            send(peer.wantsHeaders ? .headers([block.header.encoded]) : .inv([InventoryItem(.block, hash)]), to: id)
            if block.isConnected { peers[id]?.learn(hash) } else { peers[id]?.announceEarly(hash) }
        }
    }

    // MARK: transactions

    private mutating func receive(inventory items: [InventoryItem], from peer: PeerID, _ chain: Chainstate) {
        var wanted: [InventoryItem] = []
        var hasUnknownBlock = false
        for item in items {
            peers[peer]?.learn(item.hash)
            switch item.kind {
            case .block: if chain.tree[item.hash] == nil, chain.tree.condemned(item.hash) == nil { hasUnknownBlock = true }
            // Its signatures are for other rules.
            case .transaction where peers[peer]?.parting != nil: continue
            case .transaction: if chain.mempool[item.hash] == nil, transactions.shouldRequest(item.hash, now: now) { wanted.append(item) }
            default: continue
            }
        }
        if hasUnknownBlock {
            peers[peer]?.needsHeaders = true
            askWhereNeeded(peer, chain)
        }
        if !wanted.isEmpty { send(.getdata(wanted), to: peer) }
    }

    private mutating func receive(transaction bytes: [UInt8], from peer: PeerID, _ chain: Chainstate) {
        guard peers[peer]?.parting == nil else { return }
        guard let transaction = try? Transaction(decoding: bytes) else { return punish(peer, "a transaction that does not decode") }
        let txid = transaction.txid
        peers[peer]?.learn(txid)
        transactions.received(txid)
        do {
            _ = try chain.submit(transaction)
            actions.append(.useful(peer, .transaction))
        } catch let rejection as MempoolRejection {
            switch rejection.kind {
            case .invalid: punish(peer, "transaction \(txid): \(rejection.reason)")
            case .missingInputs, .early: missedTransaction = now
            case .known, .confirmed, .policy: break
            }
        } catch {}
    }

    private mutating func announce(transaction txid: Hash256, _ chain: Chainstate) {
        guard let entry = chain.mempool[txid] else { return }
        for id in peers.keys.sorted() {
            guard let peer = peers[id], peer.parting == nil, !peer.knows(txid), Int64(clamping: peer.feeFilter) <= entry.feeRate else { continue }
            send(.inv([InventoryItem(.transaction, txid)]), to: id)
            peers[id]?.learn(txid)
        }
    }

    /// Transactions that came while this node was behind are not announced again: once the chain has moved on and rests, peers are asked for what they hold.
    private mutating func askForMissedTransactions() {
        guard let missed = missedTransaction, let changed = lastTipChange, changed > missed, now - changed >= .seconds(2) else { return }
        missedTransaction = nil
        for peer in peers.keys.sorted() { send(.mempool, to: peer) }
    }

    // MARK: time

    private mutating func tick(_ chain: Chainstate) {
        chain.tick()
        for peer in requests.expire(now: now) where peers[peer] != nil {
            actions.append(.disconnect(peer, reason: "it does not send the blocks that it was asked for"))
        }
        for peer in peers.keys.sorted() { askWhereNeeded(peer, chain) }
        requestFromAll(chain)
        askForMissedTransactions()
    }
}

/// Which transactions were asked for, and when: each is asked of one peer at a time; after a minute another may be asked.
private struct TransactionRequests {
    private static let capacity = 50_000
    private var asked: [Hash256: Duration] = [:]
    private var lastPurge: Duration = .zero

    mutating func shouldRequest(_ txid: Hash256, now: Duration) -> Bool {
        if let time = asked[txid], now - time < .seconds(60) { return false }
        if asked.count >= Self.capacity {
            // Looked through once a minute at most: who announces that much may wait.
            guard now - lastPurge >= .seconds(60) else { return false }
            lastPurge = now
            asked = asked.filter { now - $0.value < .seconds(60) }
        }
        asked[txid] = now
        return true
    }

    mutating func received(_ txid: Hash256) { asked[txid] = nil }
}
