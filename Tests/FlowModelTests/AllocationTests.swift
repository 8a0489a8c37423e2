import CAllocationCount
import FlowModel
import FlowTensor
import TestSupport
import Testing

/// Behind the first step nothing is allocated but what a step returns: the lists of its report. In a process of its own, since tests share scratch memory.
@Suite(.enabled(if: allocation_count_works())) struct AllocationTests {
    @Test func aStepAllocatesItsReportAlone() async {
        await #expect(processExitsWith: .success) {
            for backend in InstructionSet.allCases.compactMap({ try? SIMDBackend($0) }) {
                for digesting in [false, true] {
                    for c in [try ModelFixture.regtest(), try ModelFixture.odd()] {
                        let one = try Self.allocations(c, backend, threads: 1, digesting: digesting)
                        #expect(one.count <= c.layerCount + 1, "\(backend.name), digest \(digesting): the largest has \(one.largest) bytes")
                        // With several threads each job is handed over in a box; a thread that came late may take working memory, but not in each step.
                        let three = try Self.allocations(c, backend, threads: 3, digesting: digesting)
                        #expect(three.largest <= max(one.largest, 64), "\(backend.name), digest \(digesting): \(three.count) in all")
                    }
                }
            }
        }
    }

    /// The calling thread's allocations in one of the steps behind the second: the one whose largest is smallest.
    static func allocations(
        _ c: ModelConfiguration, _ backend: SIMDBackend, threads: Int, digesting: Bool
    ) throws -> allocation_count {
        let job = try ModelFixture.job(c, steps: 8)
        let trainer = Trainer(configuration: c, backend: backend, pool: ThreadPool(threads: threads))
        let weights = job.parent.copy(), momentum = ModelState(zeros: c)
        var least = allocation_count(count: .max, largest: .max)
        for step in 1...8 {
            let batch = try job.sampler.batch(workSeed: job.workSeed, step: UInt32(step))
            allocation_count_begin()
            if digesting {
                _ = try trainer.digestedStep(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
            } else {
                _ = try trainer.step(weights: weights, momentum: momentum, batch: batch, learningRateUnits: 1_024)
            }
            let counted = allocation_count_end()
            if step > 2, (counted.largest, counted.count) < (least.largest, least.count) { least = counted }
        }
        return least
    }
}
