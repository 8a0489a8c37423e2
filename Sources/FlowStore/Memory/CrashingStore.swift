import Synchronization

/// A store in memory that crashes and fails on command, losing what a real disk may lose and nothing else.
///
/// What it promises is what `KeyValueStore` promises: after a power cut all synced batches are there, then some of the
/// unsynced ones in order, each whole; the batch that was being written may be there or not. After the mere end of the
/// process no finished batch is lost. The choices come from a seed, so a failure can be repeated.
public final class CrashingStore: KeyValueStoring {
    /// How the store's user ends.
    public enum Ending: Sendable {
        /// The process ends; the system still writes what it was given.
        case processEnd
        /// Everything that was not synced may be lost.
        case powerCut
    }

    private struct State {
        var durable: SortedMap
        var visible: SortedMap
        var unsynced: [WriteBatch] = []
        var writes = 0
        var random: UInt64
        var crashAt: Int?
        var fullAt: Int?
        var crashed = false
        var stoppedBy: StoreError?
        var closed = false

        mutating func nextRandom() -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return random >> 33
        }

        func check() throws(StoreError) {
            if crashed { throw CrashingStore.crash }
            if closed { throw .closed("crashing store") }
        }
    }

    private static let crash = StoreError(
        code: .failed, path: "crashing store", detail: "the store crashed, as it was told to",
        wayOut: "Take reopened(after:) and go on with that.")

    private let state: Mutex<State>

    /// An empty store whose choices follow `seed`.
    public convenience init(seed: UInt64) { self.init(SortedMap(), seed: seed) }

    private init(_ contents: SortedMap, seed: UInt64) {
        state = Mutex(State(durable: contents, visible: contents, random: seed &* 2 &+ 1))
    }

    /// Batches written so far, the crashed or refused one included.
    public var writeCount: Int { state.withLock { $0.writes } }
    /// Whether the crash has happened.
    public var hasCrashed: Bool { state.withLock { $0.crashed } }

    /// Crashes in the middle of the `count`-th write from now (1 is the next one).
    public func crash(atWrite count: Int) { state.withLock { $0.crashAt = $0.writes + count } }

    /// Refuses the `count`-th write from now (1 is the next one) since the disk is full, and all after it.
    public func fillDisk(atWrite count: Int) { state.withLock { $0.fullAt = $0.writes + count } }

    /// Crashes now.
    public func crash() { state.withLock { $0.crashed = true } }

    /// The store as it is found when opened again; this one is dead from now on.
    public func reopened(after ending: Ending) -> CrashingStore {
        state.withLock { state in
            state.crashed = true
            var contents = state.durable
            let kept: Int
            switch ending {
            case .processEnd: kept = state.unsynced.count
            case .powerCut: kept = Int(state.nextRandom() % UInt64(state.unsynced.count + 1))
            }
            for batch in state.unsynced.prefix(kept) { contents.apply(batch) }
            return CrashingStore(contents, seed: state.nextRandom())
        }
    }

    public func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? { try contents()[key] }

    public func write(_ batch: WriteBatch, sync: Bool) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            try state.check()
            if let failure = state.stoppedBy { throw .stopped("crashing store", after: failure) }
            state.writes += 1
            if state.writes == state.fullAt {
                let failure = StoreError.diskFull("crashing store", text: "as it was told to be")
                state.stoppedBy = failure
                throw failure
            }
            let crashes = state.writes == state.crashAt
            if crashes {
                state.crashed = true
                if state.nextRandom() & 1 == 0 { throw Self.crash }
            }
            state.visible.apply(batch)
            if sync && !crashes {
                state.durable = state.visible
                state.unsynced.removeAll()
            } else {
                state.unsynced.append(batch)
            }
            if crashes { throw Self.crash }
        }
    }

    public func scan(
        prefix: [UInt8], from: [UInt8]?, reverse: Bool, limit: Int?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try contents().scan(ScanBounds(prefix: prefix, from: from, reverse: reverse), limit: limit, body)
    }

    public func snapshot() throws(StoreError) -> any KeyValueReading { MemorySnapshot(map: try contents()) }

    public func close() { state.withLock { $0.closed = true } }

    private func contents() throws(StoreError) -> SortedMap {
        try state.withLock { state throws(StoreError) in
            try state.check()
            return state.visible
        }
    }
}
