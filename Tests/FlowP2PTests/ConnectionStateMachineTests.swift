import FlowCrypto
@testable import FlowP2P
import TestSupport
import Testing

@Suite struct ConnectionStateMachineTests {
    typealias Machine = ConnectionStateMachine

    private func machine(_ direction: Machine.Direction, nonce: UInt64 = 1, at now: Duration = .zero) -> Machine {
        Machine(direction: direction, parameters: .sample(nonce: nonce), magic: 1, startHeight: 7, now: now, unixTime: 1000)
    }

    private func version(nonce: UInt64 = 2, genesis: Hash256 = Keccak256.hash([1]), protocolVersion: UInt32 = 1) -> VersionMessage {
        VersionMessage(
            protocolVersion: protocolVersion, services: [.blocks], time: 5, genesisHash: genesis, nonce: nonce,
            userAgent: "/other/", startHeight: 9)
    }

    private func frame(_ message: NetworkMessage) -> [UInt8] { message.envelope.encoded(magic: 1) }

    private func established(_ direction: Machine.Direction = .inbound) -> Machine {
        var machine = machine(direction)
        _ = machine.start()
        _ = machine.receive(frame(.version(version())), now: .zero)
        _ = machine.receive(frame(.verack), now: .zero)
        return machine
    }

    @Test func twoMachinesShakeHands() {
        var caller = machine(.outbound, nonce: 1), called = machine(.inbound, nonce: 2)
        var toCalled = caller.start(), toCaller = called.start()
        #expect(called.start().isEmpty && toCaller.isEmpty)
        var log: [String] = []
        while !toCalled.isEmpty || !toCaller.isEmpty {
            let (first, second) = (toCalled, toCaller)
            (toCalled, toCaller) = ([], [])
            for action in first {
                if case .send(let message) = action {
                    log.append("> \(message.command.rawValue)")
                    toCaller += called.receive(frame(message), now: .zero)
                }
            }
            for action in second {
                if case .send(let message) = action {
                    log.append("< \(message.command.rawValue)")
                    toCalled += caller.receive(frame(message), now: .zero)
                }
            }
        }
        #expect(caller.isEstablished && called.isEstablished)
        #expect(log.prefix(4).sorted() == ["< verack", "< version", "> verack", "> version"])
        #expect(log[0] == "> version" && log.filter { $0.hasSuffix("ping") }.count == 2 && log.filter { $0.hasSuffix("pong") }.count == 2)
        #expect(caller.pingTime == .zero && caller.shortestPingTime == .zero)
    }

    @Test func theVersionTellsWhoWeAre() throws {
        var machine = machine(.outbound)
        guard case .send(.version(let version)) = machine.start().first else {
            Issue.record("no version")
            return
        }
        #expect(version.startHeight == 7 && version.time == 1000 && version.nonce == 1 && version.userAgent == "/test:1/")
        #expect(version.protocolVersion == ProtocolLimits.protocolVersion && version.services == [.blocks])
        #expect(machine.start().isEmpty)
    }

    @Test func anotherChainIsRefusedAfterAnswering() {
        let other = Keccak256.hash([9])
        let reason = DisconnectReason.wrongNetwork(expectedGenesis: Keccak256.hash([1]), actualGenesis: other)
        var called = machine(.inbound)
        let actions = called.receive(frame(.version(version(genesis: other))), now: .zero)
        #expect(actions.count == 2 && actions.last == .close(reason))
        if case .send(.version) = actions.first {} else { Issue.record("\(actions)") }
        var caller = machine(.outbound)
        _ = caller.start()
        #expect(caller.receive(frame(.version(version(genesis: other))), now: .zero) == [.close(reason)])
        #expect(reason.description.contains(other.description))
    }

    @Test func oneselfAndTheOutdatedAreRefused() {
        // The accepting side answers, so that the calling side sees itself too and gives the place up.
        var called = machine(.inbound)
        let answer = called.receive(frame(.version(version(nonce: 1))), now: .zero)
        guard answer.count == 2, case .send(.version(let own)) = answer[0] else {
            Issue.record("\(answer)")
            return
        }
        #expect(answer[1] == .close(.selfConnection))
        var calling = machine(.outbound)
        _ = calling.start()
        #expect(calling.receive(frame(.version(own)), now: .zero) == [.close(.selfConnection)])
        var caller = machine(.outbound)
        #expect(caller.receive(frame(.version(version(protocolVersion: 0))), now: .zero) == [.close(.obsoleteVersion(minimum: 1, actual: 0))])
        #expect(caller.isClosed)
        #expect(caller.receive(frame(.verack), now: .zero).isEmpty)
        #expect(caller.close(.stopped).isEmpty)
        #expect(caller.misbehave(1000, "late").isEmpty)
        #expect(caller.tick(now: .seconds(9999)).isEmpty)
        var later = machine(.inbound)
        #expect(later.receive(frame(.version(version(protocolVersion: 99))), now: .zero).count == 2)
    }

    @Test func theHandshakeHasSixtySeconds() {
        var silent = machine(.inbound, at: .seconds(10))
        #expect(silent.tick(now: .seconds(69)).isEmpty)
        #expect(silent.tick(now: .seconds(70)) == [.close(.handshakeTimeout(.seconds(60)))])
        var half = machine(.inbound)
        _ = half.receive(frame(.version(version())), now: .seconds(1))
        #expect(half.tick(now: .seconds(60)) == [.close(.handshakeTimeout(.seconds(60)))])
    }

    @Test func pingsGoOutEveryTwoMinutesAndAreWaitedForTwenty() {
        var machine = established()
        // The first one went out with the handshake; answer it.
        guard case .send(.ping(let first)) = self.machineActionsAfterHandshake().last else {
            Issue.record("no first ping")
            return
        }
        _ = machine.receive(frame(.pong(first)), now: .milliseconds(30))
        #expect(machine.pingTime == .milliseconds(30))
        #expect(machine.tick(now: .seconds(119)).isEmpty)
        guard case .send(.ping(let second)) = machine.tick(now: .seconds(120)).first else {
            Issue.record("no second ping")
            return
        }
        #expect(second != first)
        #expect(machine.tick(now: .seconds(250)).isEmpty)
        _ = machine.receive(frame(.pong(second &+ 1)), now: .seconds(300))
        #expect(machine.pingTime == .milliseconds(30))
        _ = machine.receive(frame(.pong(second)), now: .seconds(300))
        #expect(machine.pingTime == .seconds(180) && machine.shortestPingTime == .milliseconds(30))
        guard case .send(.ping) = machine.tick(now: .seconds(300)).first else {
            Issue.record("no third ping")
            return
        }
        #expect(machine.tick(now: .seconds(1499)).isEmpty)
        #expect(machine.tick(now: .seconds(1500)) == [.close(.pingTimeout(.seconds(1200)))])
    }

    private func machineActionsAfterHandshake() -> [Machine.Action] {
        var machine = machine(.inbound)
        _ = machine.start()
        _ = machine.receive(frame(.version(version())), now: .zero)
        return machine.receive(frame(.verack), now: .zero)
    }

    @Test func messagesAreDeliveredOnlyAfterTheHandshake() {
        var early = machine(.inbound)
        #expect(early.receive(frame(.getaddr), now: .zero).isEmpty)
        #expect(early.misbehaviourScore == 1)
        _ = early.receive(frame(.version(version())), now: .zero)
        #expect(early.receive(frame(.mempool), now: .zero).isEmpty)
        #expect(early.misbehaviourScore == 2)
        var machine = established()
        #expect(machine.receive(frame(.getaddr), now: .zero) == [.deliver(.getaddr)])
        #expect(machine.receive(frame(.ping(5)), now: .zero) == [.send(.pong(5))])
        #expect(machine.receive(frame(.mempool), now: .zero) == [.deliver(.mempool)])
    }

    @Test func aSecondVerackIsPassedOver() {
        var machine = established()
        #expect(machine.receive(frame(.verack), now: .zero).isEmpty)
        #expect(machine.isEstablished && !machine.isClosed && machine.misbehaviourScore == 1)
        #expect(machine.receive(frame(.getaddr), now: .zero) == [.deliver(.getaddr)])
    }

    @Test func faultsAddUpToABan() throws {
        var machine = established()
        let malformed = try #require(Envelope(command: "ping", payload: [1]))
        for _ in 0..<4 { #expect(machine.receive(malformed.encoded(magic: 1), now: .zero).isEmpty) }
        #expect(machine.misbehaviourScore == 80)
        var badSum = frame(.tx([1])), badCommand = frame(.getaddr)
        badSum[20] ^= 1
        badCommand[4] = 1
        #expect(machine.receive(badSum, now: .zero).isEmpty)
        #expect(machine.misbehaviourScore == 90)
        let end = machine.receive(badCommand, now: .zero)
        guard case .close(.misbehaviour(score: 100, _)) = end.first else {
            Issue.record("\(end)")
            return
        }
        var other = established()
        #expect(other.misbehave(-5, "no gain").isEmpty && other.misbehaviourScore == 0)
        #expect(other.misbehave(.max, "a forged block").count == 1)
    }

    /// What a Bitcoin-like node does with each kind of misbehaviour (`bitcoin/p2p`), and so do we, except where stated.
    @Test func misbehaviourEndsOrPassesAsObserved() throws {
        let observed: [String: String] = try Vectors.json("bitcoin/p2p/litecoind_0.21.2.1_misbehaviour_observed.json")
        func payload(_ count: Int, _ element: Int) -> [UInt8] {
            [0xfd, UInt8(count & 255), UInt8(count >> 8)] + [UInt8](repeating: 0, count: count * element)
        }
        func outcome(_ bytes: [UInt8], _ start: Machine? = nil) -> String {
            var machine = start ?? established()
            _ = machine.receive(bytes, now: .zero)
            return machine.isClosed ? "closed" : "open"
        }
        func message(_ command: String, _ payload: [UInt8]) -> [UInt8] { Envelope(command: command, payload: payload)?.encoded(magic: 1) ?? [] }
        var badSum = message("ping", [UInt8](repeating: 0, count: 8)), unprintable = message("ping", [UInt8](repeating: 0, count: 8))
        var oversize = message("ping", [])
        badSum[20] ^= 1
        unprintable[4] = 1
        oversize.replaceSubrange(16..<20, with: [0xff, 0xff, 0xff, 0x7f])
        let ours = [
            "bad_magic": outcome([9] + message("verack", [])),
            "bad_checksum": outcome(badSum),
            "oversize": outcome(oversize),
            "unknown_cmd": outcome(message("whatever", [1, 2])),
            "nonprint_cmd": outcome(unprintable),
            "dup_version": outcome(message("version", NetworkMessage.version(version()).payload)),
            "before_version": outcome(message("ping", [UInt8](repeating: 0, count: 8)), machine(.inbound)),
            "old_version": outcome(message("version", NetworkMessage.version(version(protocolVersion: 0)).payload), machine(.inbound)),
            "inv_big": outcome(message("inv", payload(50_001, 36))),
            "headers_big": outcome(message("headers", payload(2_001, 160))),
            "headers_noncont": outcome(message("headers", NetworkMessage.headers([[UInt8]](repeating: [UInt8](repeating: 0, count: 160), count: 2)).payload)),
            "addr_big": outcome(message("addr", payload(1_001, 9))),
            "trunc_payload": outcome(message("inv", [2] + [UInt8](repeating: 0, count: 36))),
            "noncanon": outcome(message("inv", [0xfd, 1, 0] + [UInt8](repeating: 0, count: 36))),
            "idle": outcome([]),
        ]
        #expect(Set(ours.keys) == Set(observed.keys))
        // A length above the command's limit ends the stream before a byte of it is kept, where Bitcoin reads it first.
        let stricter: Set = ["inv_big", "headers_big"]
        for (kind, result) in ours { #expect(result == (stricter.contains(kind) ? "closed" : observed[kind]), "\(kind)") }
    }
}
