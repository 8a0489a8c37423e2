import FlowConsensus
import FlowCrypto
import Testing

@testable import FlowNode

/// The time that a miner writes: the clock's, or the lowest that the rules allow while other clocks would still take it.
@Suite struct MiningTimeTests {
    /// Two hours between blocks at least: as much as a block may be ahead of a clock.
    private static func parameters() throws -> ChainParameters {
        var parameters = try TestNetwork.parameters(firstPayingStep: 2)
        parameters.retargets = true
        parameters.blockInterval = 9_000
        return try parameters.validated()
    }

    @Test func theTemplateKeepsTheLeastSpacing() async throws {
        let clock = TestClock()
        let chain = try await TestNetwork.chain(try Self.parameters(), clock: clock)
        let (miner, program, start) = (MiningLoop(chain: chain), try TestKey(1).program, clock.now)
        var template = try await chain.blockTemplate()
        #expect(template.minimumTime == chain.parameters.genesisTime + 900)
        #expect(template.time == start)
        _ = try await miner.mine(1, paying: program)
        // The clock is before the lowest time, by no more than the others' clocks allow.
        template = try await chain.blockTemplate()
        #expect(template.minimumTime == start + 900)
        #expect(template.time == start + 900)
        _ = try await miner.mine(1, paying: program)
        #expect(try await chain.tip().header.time == start + 900)
        // One second more would be too far ahead, so there is no template.
        await #expect { try await chain.blockTemplate() } throws: { ($0 as? NodeError)?.code == .notDue }
        clock.advance(899)
        await #expect { try await chain.blockTemplate() } throws: { ($0 as? NodeError)?.code == .notDue }
        clock.advance(1)
        template = try await chain.blockTemplate()
        #expect(template.time == start + 1_800)
        await chain.stop()
    }

    @Test func theMinerWaitsUntilABlockIsDue() async throws {
        let clock = TestClock()
        let chain = try await TestNetwork.chain(try Self.parameters(), clock: clock)
        let (miner, program) = (MiningLoop(chain: chain), try TestKey(1).program)
        _ = try await miner.mine(2, paying: program)
        let waiting = Task { try await miner.mine(1, paying: program) }
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(try await chain.tip().height == 2)
        clock.advance(900)
        #expect(try await waiting.value.count == 1)
        #expect(try await chain.tip().header.time == clock.now + 900)
        let cancelled = Task { try await miner.mine(1, paying: program) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        await chain.stop()
    }
}
