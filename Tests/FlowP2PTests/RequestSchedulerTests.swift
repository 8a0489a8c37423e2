import FlowCrypto
import FlowP2P
import TestSupport
import Testing

@Suite struct RequestSchedulerTests {
    private func hash(_ height: UInt32) -> Hash256 { Hash256(littleEndianWords: (UInt64(height), 1, 2, 3)) }
    private func chain(_ heights: ClosedRange<UInt32>) -> [(hash: Hash256, height: UInt32)] { heights.map { (hash($0), $0) } }

    @Test func asksSixteenOfEachPeerInOrder() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 100)
        scheduler.setPeer(2, height: 100)
        scheduler.want(chain(1...100))
        let requests = scheduler.requests(now: .zero)
        #expect(requests.map(\.peer).sorted() == [1, 2])
        #expect(requests.allSatisfy { $0.hashes.count == 16 })
        #expect(Set(requests.flatMap(\.hashes)) == Set(chain(1...32).map(\.hash)))
        #expect(requests[0].hashes.first == hash(1))
        #expect(scheduler.requests(now: .zero).isEmpty)
        #expect(scheduler.inFlightCount == 32 && scheduler.wantedCount == 100)
        #expect(scheduler.received(hash(1), from: requests[0].peer) == .requested)
        #expect(scheduler.requests(now: .zero).map(\.hashes) == [[hash(33)]])
    }

    @Test func blocksAreOnlyAskedWhereTheyCanBe() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 2)
        scheduler.setPeer(2, height: 5)
        scheduler.want(chain(1...6))
        let asked = scheduler.requests(now: .zero)
        #expect(Set(asked.flatMap(\.hashes)) == Set(chain(1...5).map(\.hash)))
        for request in asked where request.peer == 1 { #expect(Set(request.hashes).isSubset(of: [hash(1), hash(2)])) }
        scheduler.setPeer(1, height: 6)
        #expect(scheduler.requests(now: .zero) == [RequestScheduler.Request(peer: 1, hashes: [hash(6)])])
    }

    @Test func theWindowHoldsBackWhatIsFarAhead() {
        var scheduler = RequestScheduler()
        scheduler.configuration.window = 4
        scheduler.setPeer(1, height: 100)
        scheduler.want(chain(1...10))
        #expect(scheduler.requests(now: .zero).flatMap(\.hashes) == chain(1...4).map(\.hash))
        _ = scheduler.received(hash(2), from: 1)
        #expect(scheduler.requests(now: .zero).isEmpty)
        _ = scheduler.received(hash(1), from: 1)
        #expect(scheduler.requests(now: .zero).flatMap(\.hashes) == [hash(5), hash(6)])
    }

    @Test func lateBlocksGoToAnotherPeer() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 10)
        scheduler.want(chain(1...1))
        #expect(scheduler.requests(now: .zero).map(\.peer) == [1])
        scheduler.setPeer(2, height: 10)
        #expect(scheduler.expire(now: .seconds(59)).isEmpty)
        #expect(scheduler.requests(now: .seconds(59)).isEmpty)
        #expect(scheduler.expire(now: .seconds(60)).isEmpty)
        #expect(scheduler.requests(now: .seconds(60)) == [RequestScheduler.Request(peer: 2, hashes: [hash(1)])])
        // The second try has twice the time; then everybody has failed, and the first may try again after a pause.
        #expect(scheduler.expire(now: .seconds(179)).isEmpty && scheduler.inFlightCount == 1)
        #expect(scheduler.expire(now: .seconds(180)).isEmpty)
        #expect(scheduler.requests(now: .seconds(190)).count == 1)
        // A late block still counts.
        #expect(scheduler.received(hash(1), from: 3) == .unrequested)
        #expect(scheduler.received(hash(1), from: 3) == .unwanted)
    }

    @Test func peersThatKeepFailingAreNamed() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 100)
        scheduler.want(chain(1...1))
        var now = Duration.zero, named: [PeerID] = [], rounds = 0
        while named.isEmpty && rounds < 10 {
            #expect(scheduler.requests(now: now).count == 1)
            now += .seconds(1000)
            named = scheduler.expire(now: now)
            rounds += 1
        }
        #expect(named == [1] && rounds == 3)
        scheduler.removePeer(1)
        #expect(scheduler.requests(now: now).isEmpty && scheduler.wantedCount == 1)
    }

    @Test func whoeverStallsTheWindowIsNamed() {
        var scheduler = RequestScheduler()
        scheduler.configuration.window = 8
        scheduler.configuration.inFlightPerPeer = 4
        scheduler.setPeer(1, height: 100)
        scheduler.setPeer(2, height: 100)
        scheduler.want(chain(1...20))
        let requests = scheduler.requests(now: .zero)
        let slow = requests.first { $0.hashes.contains(hash(1)) }?.peer ?? 0
        for request in requests where request.peer != slow {
            for hash in request.hashes { #expect(scheduler.received(hash, from: request.peer) == .requested) }
        }
        #expect(scheduler.requests(now: .seconds(1)).isEmpty)
        #expect(scheduler.expire(now: .seconds(1)).isEmpty)
        #expect(scheduler.expire(now: .seconds(2)) == [slow])
        scheduler.removePeer(slow)
        #expect(scheduler.requests(now: .seconds(2)).flatMap(\.hashes).first == hash(1))
    }

    @Test func notFoundGoesElsewhereAndNotInCircles() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 5)
        scheduler.setPeer(2, height: 5)
        scheduler.want(chain(1...1))
        #expect(scheduler.requests(now: .zero).map(\.peer) == [1])
        scheduler.notFound(hash(1), from: 2)  // was not asked
        scheduler.notFound(hash(1), from: 1)
        #expect(scheduler.requests(now: .zero).map(\.peer) == [2])
        scheduler.notFound(hash(1), from: 2)
        #expect(scheduler.requests(now: .zero).isEmpty)
        #expect(scheduler.requests(now: .seconds(9)).isEmpty)
        #expect(scheduler.requests(now: .seconds(10)).count == 1)
    }

    @Test func forgottenBlocksAreNotAskedFor() {
        var scheduler = RequestScheduler()
        scheduler.setPeer(1, height: 100)
        scheduler.want(chain(5...9))
        scheduler.want(chain(1...4))  // lower ones later: sorted in
        scheduler.forget(hash(2))
        #expect(scheduler.requests(now: .zero).flatMap(\.hashes).map { $0.littleEndianWords.0 } == [1, 3, 4, 5, 6, 7, 8, 9])
        scheduler.forgetAll()
        #expect(scheduler.wantedCount == 0 && scheduler.inFlightCount == 0 && !scheduler.isWanted(hash(1)))
        scheduler.want([(hash(2), .max)])
        scheduler.setPeer(1, height: .max)
        #expect(scheduler.requests(now: .zero).count == 1)
    }

    /// Peers that lose, delay and deny at random, leave and come: every block arrives, and no limit is ever exceeded.
    @Test(arguments: 1...25 as ClosedRange<UInt64>) func everythingArrivesInTheEnd(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var scheduler = RequestScheduler()
        scheduler.configuration.window = 64
        scheduler.want(chain(1...500))
        var now = Duration.zero, nextPeer: UInt64 = 1
        var alive: [PeerID] = []
        var pending: [(at: Duration, peer: PeerID, hash: Hash256, found: Bool)] = []
        var steps = 0
        while scheduler.wantedCount > 0 && steps < 20_000 {
            steps += 1
            if alive.count < 5 && Int.random(in: 0..<3, using: &random) == 0 {
                let peer = PeerID(rawValue: nextPeer)
                nextPeer += 1
                alive.append(peer)
                scheduler.setPeer(peer, height: alive.count.isMultiple(of: 2) ? UInt32.random(in: 100...500, using: &random) : 500)
            }
            for request in scheduler.requests(now: now) {
                #expect(alive.contains(request.peer))
                for hash in request.hashes where Int.random(in: 0..<20, using: &random) != 0 {
                    let delay = Duration.milliseconds(Int.random(in: 10...3000, using: &random))
                    pending.append((now + delay, request.peer, hash, Int.random(in: 0..<20, using: &random) != 0))
                }
            }
            for peer in alive { #expect(scheduler.inFlightCount(of: peer) <= 16) }
            now += .milliseconds(200)
            for arrival in pending.filter({ $0.at <= now }) {
                if arrival.found { _ = scheduler.received(arrival.hash, from: arrival.peer) } else { scheduler.notFound(arrival.hash, from: arrival.peer) }
            }
            pending.removeAll { $0.at <= now }
            for bad in scheduler.expire(now: now) where alive.count > 1 {
                scheduler.removePeer(bad)
                alive.removeAll { $0 == bad }
            }
        }
        #expect(scheduler.wantedCount == 0, "seed \(seed): \(scheduler.wantedCount) left after \(steps) steps")
        #expect(scheduler.inFlightCount == 0)
    }
}
