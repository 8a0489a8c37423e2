import FlowStore
import TestSupport
import Testing

@Suite struct CrashingStoreTests {
    private func batch(_ index: UInt8) -> WriteBatch {
        var batch = WriteBatch()
        batch.put([0], [index])
        batch.put([1, index], [index])
        return batch
    }

    /// Whatever survives is the state after some number of batches, at least up to the last synced one.
    @Test(arguments: 1...50 as ClosedRange<UInt64>) func keepsWhatItPromises(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = CrashingStore(seed: seed)
        let crash = Int.random(in: 1...20, using: &random)
        store.crash(atWrite: crash)
        var synced: UInt8 = 0, finished: UInt8 = 0
        for index in 1...20 as ClosedRange<UInt8> {
            let sync = Bool.random(using: &random)
            do {
                try store.write(batch(index), sync: sync)
                finished = index
                if sync { synced = index }
            } catch {
                break
            }
        }
        #expect(store.hasCrashed && store.writeCount == crash && Int(finished) == crash - 1)
        #expect(throws: StoreError.self) { try store.get([0]) }
        #expect(throws: StoreError.self) { try store.write(batch(99), sync: true) }
        let ending: CrashingStore.Ending = Bool.random(using: &random) ? .powerCut : .processEnd
        let found = store.reopened(after: ending)
        let last = try found.get([0])?.first ?? 0
        #expect(last <= finished + 1)
        #expect(last >= (ending == .powerCut ? synced : finished))
        #expect(try found.entries(prefix: [1]).map(\.value) == (last == 0 ? [] : (1...last).map { [$0] }))
    }

    @Test func aFullDiskStopsIt() throws {
        let store = CrashingStore(seed: 1)
        store.fillDisk(atWrite: 2)
        try store.write(batch(1), sync: true)
        #expect { try store.write(batch(2), sync: true) } throws: { ($0 as? StoreError)?.code == .diskFull }
        #expect { try store.write(batch(3), sync: true) } throws: { ($0 as? StoreError)?.code == .stopped }
        #expect(try store.get([0]) == [1])
        #expect(try store.reopened(after: .powerCut).get([0]) == [1])
    }
}
