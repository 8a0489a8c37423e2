@testable import FlowStore
import Foundation
import TestSupport
import Testing

@Suite struct KeyValueStoreTests {
    static let stores = ["memory", "crashing", "leveldb"]

    /// One of each kind, in a folder that lives as long as the test.
    private func make(_ kind: String, in folder: TemporaryFolder) throws -> any KeyValueStoring {
        switch kind {
        case "memory": return MemoryStore()
        case "crashing": return CrashingStore(seed: 1)
        default: return try KeyValueStore(path: folder.path + "/store", createIfMissing: true)
        }
    }

    private func filled(_ kind: String, in folder: TemporaryFolder, _ keys: [String]) throws -> any KeyValueStoring {
        let store = try make(kind, in: folder)
        var batch = WriteBatch()
        for key in keys { batch.put(bytes(key), bytes("value of \(key)")) }
        try store.write(batch, sync: true)
        return store
    }

    private func keys(
        _ store: any KeyValueReading, _ prefix: String = "", from: String? = nil, reverse: Bool = false, limit: Int? = nil
    ) throws -> [String] {
        try store.entries(prefix: bytes(prefix), from: from.map(bytes), reverse: reverse, limit: limit)
            .map { String(decoding: $0.key, as: UTF8.self) }
    }

    @Test(arguments: stores) func readsWhatWasWritten(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try make(kind, in: folder)
        var batch = WriteBatch()
        batch.put([], [1, 2, 3])
        batch.put([0], [])
        batch.put([5], [1])
        batch.put([5], [2])
        batch.put([6], [1])
        batch.delete([6])
        #expect(batch.byteCount == 3 + 1 + 2 + 2 + 2 + 1)
        try store.write(batch, sync: false)
        #expect(try store.get([]) == [1, 2, 3])
        #expect(try store.get([0]) == [])
        #expect(try store.get([5]) == [2])
        #expect(try store.get([6]) == nil)
        #expect(try store.contains([5]))
        #expect(try !store.contains([7]))
        var change = WriteBatch()
        change.delete([5])
        change.delete([99])
        try store.write(change, sync: true)
        #expect(try store.get([5]) == nil)
        try store.write(WriteBatch(), sync: true)
        #expect(try store.entries().count == 2)
    }

    @Test(arguments: stores) func scansInOrder(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try filled(kind, in: folder, ["a", "b/1", "b/2", "b/4", "b/5", "c"])
        #expect(try keys(store) == ["a", "b/1", "b/2", "b/4", "b/5", "c"])
        #expect(try keys(store, "b/") == ["b/1", "b/2", "b/4", "b/5"])
        #expect(try keys(store, "b/", limit: 2) == ["b/1", "b/2"])
        #expect(try keys(store, "b/", limit: 0) == [])
        #expect(try keys(store, "b/", from: "b/3") == ["b/4", "b/5"])
        #expect(try keys(store, "b/", from: "b/4") == ["b/4", "b/5"])
        #expect(try keys(store, "b/", from: "a") == ["b/1", "b/2", "b/4", "b/5"])
        #expect(try keys(store, "b/", from: "c") == [])
        #expect(try keys(store, reverse: true) == ["c", "b/5", "b/4", "b/2", "b/1", "a"])
        #expect(try keys(store, "b/", reverse: true) == ["b/5", "b/4", "b/2", "b/1"])
        #expect(try keys(store, "b/", from: "b/3", reverse: true) == ["b/2", "b/1"])
        #expect(try keys(store, "b/", from: "b/4", reverse: true, limit: 2) == ["b/4", "b/2"])
        #expect(try keys(store, "b/", from: "z", reverse: true, limit: 1) == ["b/5"])
        #expect(try keys(store, "b/", from: "a", reverse: true) == [])
        #expect(try keys(store, "c", reverse: true) == ["c"])
        #expect(try keys(store, "d", reverse: true) == [])
    }

    /// Bytes that are not copied are those that a scan copies, also in a fixed state that is written over; an empty value is one.
    @Test(arguments: stores) func scansBytesInPlace(kind: String) throws {
        let folder = try TemporaryFolder()
        let store = try filled(kind, in: folder, ["a", "b/1", "b/2", "b/4", "c"])
        func write(_ key: String, _ value: [UInt8]) throws {
            var batch = WriteBatch()
            batch.put(Array(key.utf8), value)
            try store.write(batch, sync: false)
        }
        try write("b/2", [])
        let fixed = try store.snapshot()
        let before = try store.entries(prefix: Array("b/".utf8))
        try write("b/4", [7, 8, 9])
        func found(_ reader: any KeyValueReading, from: String?, limit: Int?, upTo last: String = "z") throws -> [[[UInt8]]] {
            var found: [[[UInt8]]] = []
            try reader.scanBytes(prefix: Array("b/".utf8), from: from.map { Array($0.utf8) }, limit: limit) { key, value in
                found.append([key, Array(value)])
                return key != Array(last.utf8)
            }
            return found
        }
        #expect(try found(fixed, from: nil, limit: nil) == before.map { [$0.key, $0.value] })
        #expect(try found(store, from: "b/3", limit: nil) == [[Array("b/4".utf8), [7, 8, 9]]])
        #expect(try found(store, from: nil, limit: 2).map(\.[0]) == [Array("b/1".utf8), Array("b/2".utf8)])
        #expect(try found(store, from: nil, limit: nil, upTo: "b/1").count == 1)
        #expect(try found(store, from: "c", limit: nil).isEmpty)
        store.close()
        #expect(throws: StoreError.self) { try found(store, from: nil, limit: nil) }
    }

    @Test(arguments: stores) func scansPrefixesOfFF(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try make(kind, in: folder)
        var batch = WriteBatch()
        for key: [UInt8] in [[0xfe], [0xff], [0xff, 0], [0xff, 0xff], [0xff, 0xff, 0xff], [0xfe, 0xff], [0xfe, 0xff, 1]] {
            batch.put(key, [])
        }
        try store.write(batch, sync: false)
        #expect(try store.entries(prefix: [0xff], reverse: true).map(\.key) == [[0xff, 0xff, 0xff], [0xff, 0xff], [0xff, 0], [0xff]])
        #expect(try store.entries(prefix: [0xfe, 0xff], reverse: true).map(\.key) == [[0xfe, 0xff, 1], [0xfe, 0xff]])
        #expect(try store.entries(prefix: [0xff, 0xff]).map(\.key) == [[0xff, 0xff], [0xff, 0xff, 0xff]])
    }

    @Test(arguments: stores) func snapshotsStayAsTheyWere(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try filled(kind, in: folder, ["a", "b"])
        let snapshot = try store.snapshot()
        var batch = WriteBatch()
        batch.delete(bytes("a"))
        batch.put(bytes("b"), [9])
        batch.put(bytes("c"), [9])
        try store.write(batch, sync: false)
        #expect(try keys(snapshot) == ["a", "b"])
        #expect(try keys(snapshot, reverse: true) == ["b", "a"])
        #expect(try snapshot.get(bytes("b")) == bytes("value of b"))
        #expect(try keys(store) == ["b", "c"])
    }

    @Test(arguments: stores) func aBodyCanStopAndThrow(kind: String) throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder(inMemory: true)
        let store = try filled(kind, in: folder, ["a", "b", "c"])
        var seen = 0
        try store.scan { _, _ in
            seen += 1
            return seen < 2
        }
        #expect(seen == 2)
        #expect(throws: Stop.self) { try store.scan { _, _ in throw Stop() } }
    }

    @Test(arguments: stores) func writingInsideAScanDoesNotDisturbIt(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try filled(kind, in: folder, ["a", "b", "c"])
        var seen: [[UInt8]] = []
        try store.scan { key, _ in
            seen.append(key)
            var batch = WriteBatch()
            batch.put(key + [0x7a], [1])
            batch.delete(bytes("c"))
            try store.write(batch, sync: false)
            return true
        }
        #expect(seen == [bytes("a"), bytes("b"), bytes("c")])
    }

    @Test(arguments: stores) func aClosedStoreSaysSo(kind: String) throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try filled(kind, in: folder, ["a"])
        store.close()
        store.close()
        #expect { try store.get([1]) } throws: { ($0 as? StoreError)?.code == .closed }
        #expect { try store.write(WriteBatch(), sync: true) } throws: { ($0 as? StoreError)?.code == .closed }
        #expect { try store.entries() } throws: { ($0 as? StoreError)?.code == .closed }
        #expect { try store.snapshot() } throws: { ($0 as? StoreError)?.code == .closed }
    }

    /// The same random operations on LevelDB and in memory give the same contents.
    @Test(arguments: [1, 2, 3] as [UInt64]) func agreesWithTheMemoryStore(seed: UInt64) throws {
        let folder = try TemporaryFolder(inMemory: true)
        var options = StoreOptions(identity: "test")
        options.writeBufferBytes = 1 << 16
        var random = SeededGenerator(seed: seed)
        var disk = try KeyValueStore(path: folder.path, createIfMissing: true, options: options)
        let memory = MemoryStore()
        func randomKey() -> [UInt8] { (0..<Int.random(in: 0...3, using: &random)).map { _ in UInt8.random(in: 250...255, using: &random) } }
        for round in 0..<300 {
            var batch = WriteBatch()
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                if Bool.random(using: &random) {
                    batch.put(randomKey(), Array(repeating: UInt8(round & 255), count: Int.random(in: 0..<300, using: &random)))
                } else {
                    batch.delete(randomKey())
                }
            }
            try disk.write(batch, sync: round % 50 == 0)
            try memory.write(batch, sync: false)
            if round % 75 == 74 {
                disk.close()
                disk = try KeyValueStore(path: folder.path, createIfMissing: false, options: options)
            }
            let prefix = randomKey(), reverse = Bool.random(using: &random)
            let from = Bool.random(using: &random) ? randomKey() : nil
            let limit = Int.random(in: 1...10, using: &random)
            let left = try disk.entries(prefix: prefix, from: from, reverse: reverse, limit: limit)
            let right = try memory.entries(prefix: prefix, from: from, reverse: reverse, limit: limit)
            #expect(left.map(\.key) == right.map(\.key), "seed \(seed) round \(round) \(prefix) \(String(describing: from)) \(reverse)")
            #expect(left.map(\.value) == right.map(\.value))
        }
        try disk.verify()
        try disk.compact()
        #expect(try disk.entries().map(\.value) == memory.entries().map(\.value))
    }

    @Test func manyThreadsUseOneStore() async throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try KeyValueStore(path: folder.path, createIfMissing: true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 as Range<UInt8> {
                group.addTask {
                    for index in 0..<100 as Range<UInt8> {
                        var batch = WriteBatch()
                        batch.put([worker, index], [index])
                        try store.write(batch, sync: false)
                        _ = try store.entries(prefix: [worker])
                        _ = try store.snapshot().get([worker, 0])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.entries().count == 800)
    }

    @Test func closingWaitsForWhatIsInUse() throws {
        let folder = try TemporaryFolder(inMemory: true)
        var store: KeyValueStore? = try KeyValueStore(path: folder.path, createIfMissing: true)
        var batch = WriteBatch()
        batch.put([1], [2])
        batch.put([2], [3])
        try store?.write(batch, sync: true)
        var snapshot = try store?.snapshot()
        // Closing inside a scan must not pull the database from under it.
        var seen = 0
        try store?.scan { _, _ in
            store?.close()
            seen += 1
            return true
        }
        #expect(seen == 2)
        #expect(try snapshot?.get([1]) == [2])
        #expect { try KeyValueStore(path: folder.path, createIfMissing: false) } throws: { ($0 as? StoreError)?.code == .locked }
        store = nil
        snapshot = nil
        #expect(try KeyValueStore(path: folder.path, createIfMissing: false).get([1]) == [2])
    }
}
