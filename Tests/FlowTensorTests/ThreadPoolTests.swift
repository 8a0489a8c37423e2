@testable import FlowTensor
import Testing

@Suite struct ThreadPoolTests {
    @Test func everyTaskRunsOnce() {
        for threads in [0, 1, 2, 3, 8] {
            let pool = ThreadPool(threads: threads)
            #expect(pool.threads == max(threads, 1))
            for tasks in [0, 1, 2, 7, 100, 1_000] {
                let counts = AlignedBuffer<Int32>(capacity: tasks)
                counts.zero()
                pool.run(tasks) { counts.pointer[$0] += 1 }
                #expect((0..<tasks).allSatisfy { counts.pointer[$0] == 1 })
            }
        }
    }

    @Test func manyShortJobs() {
        let pool = ThreadPool(threads: 3)
        let cells = AlignedBuffer<Int64>(capacity: 64)
        cells.zero()
        for _ in 0..<3_000 { pool.run(4) { cells.pointer[$0 * 8] += 1 } }
        #expect((0..<4).allSatisfy { cells.pointer[$0 * 8] == 3_000 })
    }

    @Test func nestedRunsGoOnWithoutDeadlock() {
        let pool = ThreadPool(threads: 2)
        let sums = AlignedBuffer<Int64>(capacity: 8 * 16)
        sums.zero()
        pool.run(8) { outer in pool.run(10) { sums.pointer[outer * 16] += Int64($0) } }
        #expect((0..<8).allSatisfy { sums.pointer[$0 * 16] == 45 })
    }

    @Test func severalCallersShareAPool() async {
        let pool = ThreadPool(threads: 3)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    let cells = AlignedBuffer<Int32>(capacity: 50)
                    for _ in 0..<50 {
                        cells.zero()
                        pool.run(50) { cells.pointer[$0] = Int32($0) }
                        if !(0..<50).allSatisfy({ cells.pointer[$0] == Int32($0) }) { return false }
                    }
                    return true
                }
            }
            for await right in group { #expect(right) }
        }
    }

    @Test func theLowestFaultIsThrown() {
        struct Failure: Error, Equatable { var task: Int }
        for threads in [1, 2, 4] {
            let pool = ThreadPool(threads: threads)
            for _ in 0..<20 {
                #expect(throws: Failure(task: 5)) {
                    try pool.attempt(40) { task throws(Failure) in if task >= 5 { throw Failure(task: task) } }
                }
            }
            #expect(throws: Never.self) { try pool.attempt(3) { _ throws(Failure) in } }
        }
    }

    @Test func splitsCoverEverythingOnce() {
        for threads in [1, 2, 5] {
            let pool = ThreadPool(threads: threads)
            for items in [0, 1, 2, 9, 1_000, 123_457] {
                let split = WorkSplit(items: items, costPerItem: 100, pool: pool)
                var next = 0
                for task in 0..<split.tasks {
                    #expect(split.range(task).lowerBound == next)
                    next = split.range(task).upperBound
                }
                #expect(next == items)
            }
        }
    }
}
