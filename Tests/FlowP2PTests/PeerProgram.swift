import FlowCrypto
@testable import FlowP2P

/// What happens at one connection, written as bytes: each step a number and what belongs to it. Any bytes are a program; the
/// tests make some from a seed, libFuzzer makes others. `run` checks what must hold whatever a peer does.
struct PeerProgram {
    static let magic: UInt32 = 0x0403_0201
    static let genesis = Keccak256.hash([1])

    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    private mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    private mutating func number() -> Int { Int(byte()) << 8 | Int(byte()) }

    private mutating func take(_ count: Int) -> [UInt8] {
        defer { bytes = bytes.dropFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// Runs the program.
    /// - Returns: what did not hold; empty where all did.
    mutating func run() -> [String] {
        var parameters = ConnectionParameters(genesisHash: Self.genesis, services: [.blocks], userAgent: "/fuzz/", nonce: 1)
        (parameters.workBurst, parameters.workPerSecond) = (Double(number()) * 10, Double(number()))
        var machine = ConnectionStateMachine(
            direction: byte() % 2 == 0 ? .inbound : .outbound, parameters: parameters, magic: Self.magic, startHeight: 0,
            now: .zero, unixTime: 0)
        var checks = Checks()
        checks.take(machine.start(), machine)
        var now = Duration.zero
        func feed(_ bytes: [UInt8]) {
            checks.receivedBytes += bytes.count
            checks.take(machine.receive(bytes, now: now), machine)
        }
        while !bytes.isEmpty {
            switch byte() % 10 {
            case 0: feed(take(number() % 2048))
            case 1: feed(envelope())
            case 2: feed(handshake())
            case 3:
                // A message, the end of which may never come.
                let message = envelope()
                feed(Array(message.prefix(number() % (message.count + 1))))
            case 4:
                now += .milliseconds(number() * (1 + Int(byte())))
                checks.take(machine.tick(now: now), machine)
            case 5:
                let request = request()
                machine.willSend(request)
                checks.asked(request)
            case 6: machine.setReading(byte() % 2 == 0, now: now)
            case 7: checks.take(machine.misbehave(number() - 1000, "a fault"), machine)
            case 8:
                let message = envelope(), count = 1 + Int(byte() % 16)
                for _ in 0..<count { feed(message) }
            default:
                guard byte() % 8 == 0 else { continue }
                checks.take(machine.close(.stopped), machine)
            }
        }
        // Whatever waits comes out in the end, or never will.
        for _ in 0..<3 {
            now += .seconds(1_000)
            checks.take(machine.tick(now: now), machine)
        }
        return checks.faults
    }

    /// A whole envelope with a right checksum, so that the payload's decoder is reached.
    private mutating func envelope() -> [UInt8] {
        let commands = MessageCommand.allCases.map(\.rawValue) + ["future"]
        return Envelope(command: commands[Int(byte()) % commands.count], payload: take(number() % 4096))?.encoded(magic: Self.magic) ?? []
    }

    private mutating func handshake() -> [UInt8] {
        let choice = byte()
        let version = VersionMessage(
            protocolVersion: choice % 7 == 6 ? 0 : 1, services: [], time: 0, genesisHash: choice % 7 == 5 ? .zero : Self.genesis,
            nonce: choice % 7 == 4 ? 1 : 2, userAgent: "", startHeight: 0)
        return NetworkMessage.version(version).envelope.encoded(magic: Self.magic) + NetworkMessage.verack.envelope.encoded(magic: Self.magic)
    }

    private mutating func request() -> NetworkMessage {
        let count = Int(byte() % 4)
        switch byte() % 4 {
        case 0: return .getdata([InventoryItem](repeating: InventoryItem(.block, .zero), count: count))
        case 1: return .getdata([InventoryItem](repeating: InventoryItem(.transaction, .zero), count: count))
        case 2: return .getmodel(PieceRequest(root: .zero, indices: [UInt64](repeating: 0, count: count)))
        default: return .getcorpus(PieceRequest(root: .zero, indices: [UInt64](repeating: 0, count: count)))
        }
    }
}

/// What holds whatever a peer does.
private struct Checks {
    private(set) var faults: [String] = []
    var receivedBytes = 0
    private var isEstablished = false
    private var isClosed = false
    private var hasSentVerack = false
    private var score = 0
    private var asked: [MessageCommand: Int] = [:]

    mutating func asked(_ request: NetworkMessage) {
        switch request {
        case .getdata(let items): for item in items { asked[item.kind == .block ? .block : .tx, default: 0] += 1 }
        case .getmodel(let request): asked[.model, default: 0] += request.indices.count
        case .getcorpus(let request): asked[.corpus, default: 0] += request.indices.count
        default: break
        }
    }

    mutating func take(_ actions: [ConnectionStateMachine.Action], _ machine: ConnectionStateMachine) {
        for action in actions {
            check(!isClosed, "something follows the end: \(action)")
            switch action {
            case .send(let message):
                if case .verack = message { hasSentVerack = true }
                check(message.command == .version || message.command == .verack || isEstablished, "sent before the handshake: \(message)")
            case .established:
                check(!isEstablished && hasSentVerack, "established twice, or before the own verack")
                isEstablished = true
            case .deliver(let message):
                check(isEstablished, "delivered before the handshake: \(message)")
                check(message.isWithinLimits, "beyond the limits: \(message.command)")
                if [.block, .model, .corpus].contains(message.command) {
                    asked[message.command, default: 0] -= 1
                    check((asked[message.command] ?? 0) >= 0, "delivered unasked: \(message.command)")
                }
                check(![.version, .verack, .ping, .pong].contains(message.command), "delivered: \(message.command)")
            case .close(let reason):
                isClosed = true
                check(!"\(reason)".isEmpty, "an end without a reason")
            }
        }
        check(machine.isClosed == isClosed, "an end that was not told, or told and not made")
        check(machine.misbehaviourScore >= score, "the score falls")
        score = machine.misbehaviourScore
        // A closed connection holds nothing, an open one little more than what came.
        check(machine.bufferedBytes <= (isClosed ? 0 : 131_072 + receivedBytes / 4 * 5), "\(machine.bufferedBytes) bytes held")
    }

    private mutating func check(_ holds: Bool, _ fault: @autoclosure () -> String) { if !holds { faults.append(fault()) } }
}
