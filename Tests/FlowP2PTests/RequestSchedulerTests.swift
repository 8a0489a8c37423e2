import FlowCrypto
@testable import FlowP2P
import TestSupport
import Testing

@Suite struct RequestSchedulerTests {
    private func hash(_ number: UInt64) -> Hash256 { Hash256(littleEndianWords: (number, 1, 2, 3)) }

    @Test func sixteenOfEachPeerAndEachBlockOnce() {
        var scheduler = RequestScheduler()
        for number in 0..<16 as Range<UInt64> { scheduler.asked(1, for: hash(number), now: .zero) }
        #expect(scheduler.room(of: 1) == 0 && scheduler.room(of: 2) == 16 && scheduler.inFlightCount == 16)
        #expect(!scheduler.mayAsk(2, for: hash(3), now: .seconds(1)))
        #expect(scheduler.mayAsk(2, for: hash(16), now: .zero))
        let wasAsked = scheduler.received(hash(3), from: 1, now: .seconds(1))
        #expect(wasAsked && scheduler.room(of: 1) == 1 && scheduler.inFlightCount == 15)
        #expect(scheduler.mayAsk(2, for: hash(3), now: .seconds(1)))
        let wasAskedAgain = scheduler.received(hash(3), from: 1, now: .seconds(1))
        #expect(!wasAskedAgain)
    }

    /// Who is slow holds up nobody: others are asked beside it, three at most, and its own later answer is no fault.
    @Test func slowPeersArePassed() {
        var scheduler = RequestScheduler()
        scheduler.asked(1, for: hash(1), now: .zero)
        #expect(!scheduler.mayAsk(2, for: hash(1), now: .milliseconds(1_999)))
        #expect(scheduler.mayAsk(2, for: hash(1), now: .seconds(2)))
        #expect(!scheduler.mayAsk(1, for: hash(1), now: .seconds(2)))
        scheduler.asked(2, for: hash(1), now: .seconds(2))
        #expect(!scheduler.mayAsk(3, for: hash(1), now: .seconds(3)))
        scheduler.asked(3, for: hash(1), now: .seconds(4))
        #expect(!scheduler.mayAsk(4, for: hash(1), now: .seconds(50)))
        scheduler.received(hash(1), from: 3, now: .seconds(5))
        #expect(scheduler.inFlightCount == 0 && scheduler.room(of: 1) == 16 && scheduler.room(of: 2) == 16)
    }

    /// A peer that sends one block after the other is not slow, however many it was asked for.
    @Test func aBusyPeerIsNotSlow() {
        var scheduler = RequestScheduler()
        for number in 0..<16 as Range<UInt64> { scheduler.asked(1, for: hash(number), now: .zero) }
        for number in 0..<15 as Range<UInt64> {
            let now = Duration.milliseconds(1_500 * Int(number + 1))
            #expect(!scheduler.mayAsk(2, for: hash(15), now: now))
            scheduler.received(hash(number), from: 1, now: now)
        }
        #expect(scheduler.expire(now: .seconds(60)).isEmpty && scheduler.inFlightCount == 1)
    }

    @Test func whoDoesNotHaveItIsNotAskedAgainSoon() {
        var scheduler = RequestScheduler()
        scheduler.asked(1, for: hash(1), now: .zero)
        scheduler.notFound(hash(1), from: 1, now: .seconds(1))
        #expect(!scheduler.mayAsk(1, for: hash(1), now: .seconds(60)))
        #expect(scheduler.mayAsk(2, for: hash(1), now: .seconds(1)))
        #expect(scheduler.mayAsk(1, for: hash(1), now: .seconds(61)))
        // What was not asked for is not given up.
        scheduler.notFound(hash(2), from: 1, now: .seconds(1))
        #expect(scheduler.mayAsk(1, for: hash(2), now: .seconds(1)))
    }

    @Test func threeTimeoutsInARowCutAPeerOff() {
        var scheduler = RequestScheduler()
        for round in 1...3 {
            let now = Duration.seconds(100 * round)
            scheduler.asked(1, for: hash(UInt64(round)), now: now)
            #expect(scheduler.expire(now: now + .seconds(59)).isEmpty)
            #expect(scheduler.expire(now: now + .seconds(60)) == (round == 3 ? [1] : []))
            #expect(scheduler.inFlightCount == 0)
        }
        scheduler.asked(2, for: hash(1), now: .zero)
        scheduler.removePeer(2)
        #expect(scheduler.inFlightCount == 0 && scheduler.mayAsk(3, for: hash(1), now: .zero))
    }

    /// Whatever happens, a block has as many askers as peers have it in flight, and nothing is asked twice of one peer.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func accountsAgree(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scheduler = RequestScheduler()
        var inFlight: [PeerID: Set<UInt64>] = [:]
        var now = Duration.zero
        for _ in 0..<500 {
            now += .milliseconds(Int.random(in: 0..<3_000, using: &random))
            let peer = PeerID(rawValue: UInt64.random(in: 1...4, using: &random)), number = UInt64.random(in: 0..<40, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0...2 where scheduler.room(of: peer) > 0 && scheduler.mayAsk(peer, for: hash(number), now: now):
                #expect(inFlight[peer]?.contains(number) != true, "seed \(seed)")
                scheduler.asked(peer, for: hash(number), now: now)
                inFlight[peer, default: []].insert(number)
            case 3:
                scheduler.received(hash(number), from: peer, now: now)
                for other in inFlight.keys { inFlight[other]?.remove(number) }
            case 4:
                scheduler.notFound(hash(number), from: peer, now: now)
                inFlight[peer]?.remove(number)
            case 5 where Int.random(in: 0..<10, using: &random) == 0:
                scheduler.removePeer(peer)
                inFlight[peer] = nil
            default: break
            }
            for peer in 1...4 as ClosedRange<UInt64> {
                #expect(scheduler.inFlightCount(of: PeerID(rawValue: peer)) == inFlight[PeerID(rawValue: peer)]?.count ?? 0, "seed \(seed)")
            }
            #expect(scheduler.inFlightCount == inFlight.values.reduce(into: Set()) { $0.formUnion($1) }.count, "seed \(seed)")
        }
    }
}
