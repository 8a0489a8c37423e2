@testable import FlowP2P
import Testing

@Suite struct PolicyTests {
    @Test func pausesDoubleUpToTheLongest() {
        var backoff = ReconnectBackoff(seed: 5)
        var expected = 1.0
        for _ in 0..<15 {
            let pause = backoff.pause()
            #expect(pause >= .seconds(expected * 0.75) && pause <= .seconds(expected * 1.25))
            expected = min(expected * 2, 300)
        }
        backoff.reset()
        #expect(backoff.pause() <= .milliseconds(1250))
    }

    @Test func bansEndAndAreBounded() {
        var bans = BanList()
        bans.ban(NetworkRange(host: "a"), until: 100, at: 0)
        bans.ban(NetworkRange(host: "a"), until: 50, at: 0)
        #expect(bans.contains("a", at: 99) && !bans.contains("a", at: 100) && !bans.contains("b", at: 0))
        for number in 0..<(BanList.capacity + 500) { bans.ban(NetworkRange(host: "host \(number)"), until: UInt64(1000 + number), at: 10) }
        #expect(bans.entries(at: 10).count == BanList.capacity)
        #expect(bans.contains("host \(BanList.capacity + 499)", at: 10) && !bans.contains("a", at: 10))
        bans.lift(NetworkRange(host: "host 5000"))
        #expect(!bans.contains("host 5000", at: 10))
    }
}
