/// The pauses between attempts at one place: doubling, with a random quarter either way so that nodes do not march in step.
struct ReconnectBackoff: Sendable {
    var shortest: Duration
    var longest: Duration
    private var next: Duration
    private var random: UInt64

    init(shortest: Duration = .seconds(1), longest: Duration = .seconds(300), seed: UInt64) {
        self.shortest = shortest
        self.longest = longest
        next = shortest
        random = seed
    }

    /// The pause after another failure.
    mutating func pause() -> Duration {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let pause = next * (75 + Int(random >> 33) % 51) / 100
        next = min(next * 2, longest)
        return pause
    }

    /// After a connection that lasted.
    mutating func reset() { next = shortest }
}
