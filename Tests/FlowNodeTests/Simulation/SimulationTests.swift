import Foundation
import Testing

@testable import FlowNode

/// Whole networks on a virtual clock. `FLOW_SIMULATION_SEEDS=A..<B` chooses the seeds, `FLOW_SIMULATION_SECONDS` ends a run early, and
/// `FLOW_SIMULATION_TRACE=1` prints what happens.
@Suite(.serialized) struct SimulationTests {
    private static var seeds: Range<UInt64> {
        let text = ProcessInfo.processInfo.environment["FLOW_SIMULATION_SEEDS"] ?? ""
        let ends = text.components(separatedBy: "..<").compactMap { UInt64($0) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : 0..<200
    }

    @Test func honestNodesAgreeWhateverHappens() async throws {
        let seeds = Self.seeds
        let limit = ProcessInfo.processInfo.environment["FLOW_SIMULATION_SECONDS"].flatMap(Int.init) ?? 1_000_000
        let isTraced = ProcessInfo.processInfo.environment["FLOW_SIMULATION_TRACE"] != nil
        let begin = ContinuousClock.now
        let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
        // On threads of their own: other tests wait for the cooperative pool.
        let counts = try await withThrowingTaskGroup(of: SimulationCounts.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    try await BlockingThread(name: "simulation.\(worker)").run {
                        var counts = SimulationCounts()
                        for seed in seeds where Int(seed % UInt64(workers)) == worker {
                            if begin.duration(to: .now) > .seconds(limit) { break }
                            counts = counts + (try SimulatedWorld(seed: seed, isTraced: isTraced).run())
                        }
                        return counts
                    }
                }
            }
            return try await group.reduce(SimulationCounts(), +)
        }
        print(
            "simulation: \(counts.seeds) seeds from \(seeds.lowerBound), \(counts.blocks) blocks, \(counts.replays) replays, \(counts.reorganisations) reorganisations, \(counts.crashes) crashes, \(counts.partitions) partitions, \(counts.liars) liars, \(counts.lies) lies, \(counts.preemptions) preemptions"
        )
        #expect(counts.seeds > 0 && counts.blocks > counts.seeds)
    }

    /// Links are cut, some mine, links are made again: one tip each time, without another block to remind those that missed one.
    @Test func cutLinksHealWithoutAnotherBlock() async throws {
        let counts = try await BlockingThread(name: "simulation.cuts").run {
            try (0..<UInt64(20)).reduce(SimulationCounts()) { $0 + (try SimulatedWorld(seed: 9_000_000 + $1).runCuts(20)) }
        }
        print("cuts: \(counts.partitions) of \(counts.seeds) networks, \(counts.blocks) blocks")
        #expect(counts.partitions == 400 && counts.blocks > 400)
    }
}
