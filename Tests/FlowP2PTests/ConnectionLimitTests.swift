import FlowCrypto
import TestSupport
import Testing

@testable import FlowP2P

/// What one connection may send: only what it was asked for, to the end in time, and no more work than its share.
@Suite struct ConnectionLimitTests {
    typealias Machine = ConnectionStateMachine

    /// A connection whose handshake is done, with what it said so far.
    private func established(
        _ direction: Machine.Direction = .inbound, _ parameters: ConnectionParameters = .sample(), at now: Duration = .zero
    ) -> Machine {
        var machine = Machine(direction: direction, parameters: parameters, magic: 1, startHeight: 0, now: now, unixTime: 0)
        _ = machine.start()
        _ = machine.receive(bytes(.version(.sample)) + bytes(.verack), now: now)
        return machine
    }

    private func bytes(_ message: NetworkMessage) -> [UInt8] { message.envelope.encoded(magic: 1) }

    private func end(_ actions: [Machine.Action]) -> DisconnectReason? {
        if case .close(let reason)? = actions.last { reason } else { nil }
    }

    // MARK: Unrequested data

    static let piece = Piece(root: .zero, index: 0, leafCount: 1, bytes: [1], proof: [])
    /// What only ever answers: the message, what asks for it, and what says that it is not there.
    static let answers: [(message: NetworkMessage, request: NetworkMessage, denial: NetworkMessage)] = [
        (.block([1, 2]), .getdata([InventoryItem(.block, .zero)]), .notfound([InventoryItem(.block, .zero)])),
        (.model(piece), .getmodel(PieceRequest(root: .zero, indices: [0])), .notfound([InventoryItem(.model, .zero)])),
        (.corpus(piece), .getcorpus(PieceRequest(root: .zero, indices: [0])), .notfound([InventoryItem(.corpus, .zero)])),
        (
            .tx([UInt8](repeating: 1, count: ProtocolLimits.unrequestedTransactionBytes + 1)),
            .getdata([InventoryItem(.transaction, .zero)]), .notfound([InventoryItem(.transaction, .zero)])
        ),
    ]

    @Test(arguments: 0..<4) func whatNobodyAskedForIsRefusedAtItsHeader(kind: Int) {
        let (message, request, denial) = Self.answers[kind]
        let refused = DisconnectReason.unrequested(command: message.command.rawValue, length: message.payload.count)
        var unasked = established()
        #expect(unasked.receive(bytes(message).prefix(23), now: .zero).isEmpty)
        #expect(unasked.receive(bytes(message)[23..<24], now: .zero) == [.close(refused)])
        #expect(unasked.bufferedBytes == 0 && refused.isMisbehaviour && "\(refused)".contains(message.command.rawValue))
        // One request lets in one answer.
        var asked = established()
        asked.willSend(request)
        #expect(asked.receive(bytes(message), now: .seconds(9999)) == [.deliver(message)])
        #expect(end(asked.receive(bytes(message), now: .seconds(9999))) == refused)
        // A denial is an answer.
        var denied = established()
        denied.willSend(request)
        denied.willSend(request)
        #expect(denied.receive(bytes(denial), now: .zero) == [.deliver(denial)])
        #expect(denied.receive(bytes(message), now: .zero) == [.deliver(message)])
        #expect(end(denied.receive(bytes(message), now: .zero)) == refused)
        // Another kind of request is none.
        var mistaken = established()
        mistaken.willSend(Self.answers[(kind + 1) % 3].request)
        if kind != 2 || message.command != .block { #expect(end(mistaken.receive(bytes(message), now: .zero)) == refused) }
    }

    @Test func smallTransactionsMayComeUnasked() {
        var machine = established()
        let small = NetworkMessage.tx([UInt8](repeating: 1, count: ProtocolLimits.unrequestedTransactionBytes))
        #expect(machine.receive(bytes(small), now: .zero) == [.deliver(small)])
    }

    @Test func nothingLargeComesBeforeTheHandshake() {
        let large = bytes(.inv([InventoryItem](repeating: InventoryItem(.block, .zero), count: 2_000)))
        var early = Machine(direction: .inbound, parameters: .sample(), magic: 1, startHeight: 0, now: .zero, unixTime: 0)
        #expect(early.receive(large.prefix(24), now: .zero) == [.close(.unrequested(command: "inv", length: large.count - 24))])
        var later = established()
        #expect(later.receive(large, now: .zero).count == 1 && !later.isClosed)
    }

    // MARK: Unfinished messages

    @Test func aBlockDribbledIsCut() {
        var machine = established()
        _ = machine.receive(bytes(.pong(0)), now: .zero)
        machine.willSend(.getdata([InventoryItem(.block, .zero)]))
        let block = bytes(.block([UInt8](repeating: 0, count: ProtocolLimits.blockBytes)))
        let allowed = Duration.seconds(60 + ProtocolLimits.blockBytes / 32_768)
        #expect(machine.receive(block.prefix(24), now: .seconds(100)).isEmpty)
        var now = Duration.seconds(100)
        var reason: DisconnectReason?
        for second in 0..<1000 where reason == nil {
            now = .seconds(101 + second)
            _ = machine.receive([0], now: now)
            reason = end(machine.tick(now: now))
        }
        #expect(now - .seconds(100) == allowed)
        #expect(reason == .messageTimeout(
            command: "block", received: Int(allowed.components.seconds), length: ProtocolLimits.blockBytes, within: allowed))
    }

    /// Messages that are whole long before a ping must be answered: each has a minute.
    @Test func smallMessagesDribbledAreCut() {
        var machine = established()
        let message = bytes(.tx([UInt8](repeating: 0, count: 900)))
        var (second, reason): (Int, DisconnectReason?) = (0, nil)
        while reason == nil, second < 20_000 {
            second += 1
            var actions = machine.receive([message[(second - 1) % message.count]], now: .seconds(second))
            actions += machine.tick(now: .seconds(second))
            for case .send(.ping(let number)) in actions { actions += machine.receive(bytes(.pong(number)), now: .seconds(second)) }
            reason = end(actions)
        }
        #expect(second == 61)
        #expect(reason == .messageTimeout(command: "tx", received: 61 - Envelope.headerLength, length: 900, within: .seconds(60)))
    }

    @Test func halfAHeaderIsCutAfterAMinute() {
        var machine = established()
        _ = machine.receive([1, 0, 0], now: .seconds(5))
        #expect(machine.tick(now: .seconds(64)).allSatisfy { if case .close = $0 { false } else { true } })
        #expect(end(machine.tick(now: .seconds(65))) == .messageTimeout(command: "", received: 0, length: 0, within: .seconds(60)))
    }

    @Test func whatComesFastEnoughIsLetThrough() {
        var machine = established()
        machine.willSend(.getdata([InventoryItem](repeating: InventoryItem(.block, .zero), count: 3)))
        let block = NetworkMessage.block([UInt8](repeating: 0, count: ProtocolLimits.blockBytes))
        var delivered = 0, second = 0
        // A little faster than the least, three in a row: each has its own time.
        for _ in 0..<3 {
            for start in stride(from: 0, to: ProtocolLimits.blockBytes + 24, by: 34_000) {
                second += 1
                let encoded = bytes(block)
                let actions = machine.receive(encoded[start..<min(start + 34_000, encoded.count)], now: .seconds(second))
                    + machine.tick(now: .seconds(second))
                for case .send(.ping(let number)) in actions { _ = number }
                delivered += actions.filter { $0 == .deliver(block) }.count
                if let reason = end(actions) { Issue.record("\(reason)") }
            }
        }
        #expect(delivered == 3)
    }

    @Test func timeInWhichNothingIsReadDoesNotCount() {
        var machine = established()
        _ = machine.receive([1, 0, 0], now: .seconds(10))
        machine.setReading(false, now: .seconds(20))
        #expect(end(machine.tick(now: .seconds(500))) == nil)
        machine.setReading(true, now: .seconds(600))
        #expect(end(machine.tick(now: .seconds(649))) == nil)
        guard case .messageTimeout = end(machine.tick(now: .seconds(650))) else {
            Issue.record("not cut")
            return
        }
    }

    // MARK: Work

    /// Floods that are legal word for word: how many are taken at once, and how many a second afterwards.
    @Test(arguments: ["ping", "pong", "getheaders", "mempool", "getaddr", "feefilter", "inv", "tx"]) func aFloodIsReadNoFasterThanItsShare(
        command: String
    ) throws {
        let message: NetworkMessage = switch try #require(MessageCommand(rawValue: command)) {
        case .ping: .ping(1)
        case .pong: .pong(1)
        case .getheaders: .getheaders(HeaderRequest(locator: []))
        case .mempool: .mempool
        case .getaddr: .getaddr
        case .feefilter: .feefilter(1)
        case .inv: .inv([InventoryItem](repeating: InventoryItem(.transaction, .zero), count: 1000))
        default: .tx([UInt8](repeating: 1, count: 1000))
        }
        var parameters = ConnectionParameters.sample()
        (parameters.workBurst, parameters.workPerSecond) = (200_000, 20_000)
        var machine = established(.inbound, parameters)
        let flood = [[UInt8]](repeating: bytes(message), count: 50).flatMap { $0 }
        let cost = WorkCost.frame(bytes: message.payload.count) + WorkCost.content(of: message)
        func isTaken(_ action: Machine.Action) -> Bool {
            switch action {
            case .deliver, .send(.pong): true
            default: false
            }
        }
        var taken = 0
        for _ in 0..<20_000 where !machine.isHeld { taken += machine.receive(flood, now: .seconds(1)).filter(isTaken).count }
        #expect(machine.isHeld && !machine.isClosed && machine.misbehaviourScore == 0)
        if command != "pong" { #expect(Double(taken) * cost <= 200_000 + cost) }
        // Held, what is there already waits, and each second brings its share.
        #expect(machine.receive(flood, now: .seconds(1)).isEmpty)
        taken = 0
        for second in 2...21 {
            for _ in 0..<1000 where !machine.isHeld { taken += machine.receive(flood, now: .seconds(second)).filter(isTaken).count }
            taken += machine.tick(now: .seconds(second)).filter(isTaken).count
        }
        #expect(Double(taken) * cost <= 20 * 20_000 + cost && !machine.isClosed)
        if command != "pong" { #expect(Double(taken) * cost >= 19 * 20_000 - 2 * cost) }
    }

    @Test func whatWasAskedForIsNotRationed() {
        var parameters = ConnectionParameters.sample()
        (parameters.workBurst, parameters.workPerSecond) = (20_000, 0)
        var machine = established(.inbound, parameters)
        machine.willSend(.getdata([InventoryItem](repeating: InventoryItem(.block, .zero), count: 100)))
        let block = NetworkMessage.block([UInt8](repeating: 3, count: 100_000))
        for _ in 0..<100 { #expect(machine.receive(bytes(block), now: .zero) == [.deliver(block)]) }
        #expect(!machine.isHeld)
    }

    @Test func unknownCommandsArePassedOverUntilTheyAreAFlood() throws {
        let unknown = try #require(Envelope(command: "future", payload: [1, 2, 3])).encoded(magic: 1)
        var machine = established()
        for _ in 0..<1000 { #expect(machine.receive(unknown, now: .zero).isEmpty) }
        #expect(machine.misbehaviourScore == 0)
        for _ in 0..<10 { _ = machine.receive(unknown, now: .seconds(1)) }
        #expect(machine.misbehaviourScore == 0)
        for _ in 0..<99 { _ = machine.receive(unknown, now: .seconds(1)) }
        #expect(machine.misbehaviourScore == 99)
        guard case .misbehaviour(score: 100, _) = end(machine.receive(unknown, now: .seconds(1))) else {
            Issue.record("a flood of unknown commands goes on")
            return
        }
    }

    /// As Bitcoin Core: one address at first, a tenth of one a second, and a thousand for a `getaddr`.
    @Test func addressesAreRationed() {
        func count(_ actions: [Machine.Action]) -> Int {
            actions.reduce(0) { if case .deliver(.addr(let places)) = $1 { $0 + places.count } else { $0 } }
        }
        let place = PeerAddress(time: 1, services: [], network: .ipv4, address: [8, 8, 8, 8], port: 1)
        let many = bytes(.addr([PeerAddress](repeating: place, count: 1000)))
        var machine = established()
        #expect(count(machine.receive(many, now: .zero)) == 1)
        #expect(count(machine.receive(many, now: .seconds(9))) == 0)
        #expect(count(machine.receive(many, now: .seconds(100))) == 10)
        machine.willSend(.getaddr)
        #expect(count(machine.receive(many, now: .seconds(100))) == 1000)
        #expect(count(machine.receive(many, now: .seconds(100))) == 0)
        #expect(count(machine.receive(many, now: .seconds(1_000_000))) == 1000)
        #expect(machine.misbehaviourScore == 0)
    }
}

extension VersionMessage {
    static let sample = VersionMessage(
        services: [.blocks], time: 5, genesisHash: Keccak256.hash([1]), nonce: 2, userAgent: "/other/", startHeight: 9)
}
