import FlowStore
import TestSupport
import Testing

@Suite struct ChunkStoreTests {
    private func blob(_ length: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func put(_ content: [UInt8], as name: String, in chunks: ChunkStore, of store: any KeyValueStoring) throws {
        var batch = WriteBatch()
        try chunks.put(content, as: bytes(name), into: &batch)
        try store.write(batch, sync: true)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000]) func readsWhatWasPut(length: Int) throws {
        let store = MemoryStore()
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        let content = blob(length)
        try put(content, as: "tip", in: chunks, of: store)
        #expect(try chunks.read(bytes("tip")) == content)
        #expect(try chunks.length(of: bytes("tip")) == length)
        #expect(try chunks.names() == [bytes("tip")])
        var copy = [UInt8](repeating: 0, count: length)
        #expect(try copy.withUnsafeMutableBytes { try chunks.read(bytes("tip"), into: $0) })
        #expect(copy == content)
        #expect(try chunks.chunk(0, of: bytes("tip")) == (length == 0 ? nil : Array(content.prefix(65_536))))
        #expect(try chunks.chunk(-1, of: bytes("tip")) == nil)
        #expect(try chunks.chunk(4, of: bytes("tip")) == nil)
        #expect(try chunks.read(bytes("other")) == nil)
        var short = [UInt8](repeating: 0, count: length + 1)
        #expect(throws: StoreError.self) { try short.withUnsafeMutableBytes { try chunks.read(bytes("tip"), into: $0) } }
    }

    @Test func replacesAndDeletesWhole() throws {
        let store = MemoryStore()
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        try put(blob(300_000), as: "tip", in: chunks, of: store)
        try put(blob(70_000, seed: 2), as: "tip", in: chunks, of: store)
        #expect(try chunks.read(bytes("tip")) == blob(70_000, seed: 2))
        #expect(try store.entries().count == 3)
        var batch = WriteBatch()
        try chunks.delete(bytes("tip"), into: &batch)
        try chunks.delete(bytes("none"), into: &batch)
        try store.write(batch, sync: true)
        #expect(try store.entries().isEmpty)
    }

    @Test func stagesBeyondABatch() throws {
        let folder = try TemporaryFolder(inMemory: true)
        let store = try KeyValueStore(path: folder.path, createIfMissing: true)
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        try put(blob(100_000), as: "tip", in: chunks, of: store)
        let content = [UInt8](repeating: 7, count: 9_000_001)
        let staged = try content.withUnsafeBytes { try chunks.stage($0) }
        #expect(staged.length == 9_000_001)
        #expect(try chunks.read(bytes("tip")) == blob(100_000))
        var batch = WriteBatch()
        try chunks.put(staged, as: bytes("tip"), into: &batch)
        batch.put(bytes("height"), [1])
        try store.write(batch, sync: true)
        #expect(try chunks.read(bytes("tip")) == content)
        #expect(try chunks.collectGarbage() == 0)
    }

    @Test func leftoversOfACrashAreCollectedAndNeverReused() throws {
        let store = MemoryStore()
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        try put(blob(1000), as: "kept", in: chunks, of: store)
        _ = try blob(150_000).withUnsafeBytes { try chunks.stage($0) }
        let again = try ChunkStore(store, prefix: bytes("m"))
        try put(blob(10, seed: 3), as: "new", in: again, of: store)
        #expect(try again.collectGarbage() == 3)
        #expect(try again.read(bytes("kept")) == blob(1000))
        #expect(try again.read(bytes("new")) == blob(10, seed: 3))
    }

    /// A crash at any write leaves the old blob or the new one, with the marker that belongs to it.
    @Test(arguments: 1...30 as ClosedRange<UInt64>) func crashesLeaveOneOrTheOther(seed: UInt64) throws {
        let store = CrashingStore(seed: seed)
        store.crash(atWrite: Int(seed % 8) + 1)
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        var finished: UInt8 = 0
        for version in 1...4 as ClosedRange<UInt8> {
            do {
                let staged = try [UInt8](repeating: version, count: 70_000).withUnsafeBytes { try chunks.stage($0) }
                var batch = WriteBatch()
                try chunks.put(staged, as: bytes("tip"), into: &batch)
                batch.put(bytes("tip"), [version])
                try store.write(batch, sync: true)
                finished = version
            } catch {
                break
            }
        }
        let found = store.reopened(after: .powerCut)
        let after = try ChunkStore(found, prefix: bytes("m"))
        let marker = try found.get(bytes("tip"))?.first ?? 0
        #expect(marker == finished || marker == finished + 1)
        #expect(try after.read(bytes("tip")) == (marker == 0 ? nil : [UInt8](repeating: marker, count: 70_000)))
        try after.collectGarbage()
        #expect(try found.entries(prefix: bytes("m")).count == (marker == 0 ? 0 : 3))
    }

    @Test func damageIsNamed() throws {
        let store = MemoryStore()
        let chunks = try ChunkStore(store, prefix: bytes("m"))
        try put(blob(70_000), as: "tip", in: chunks, of: store)
        let keys = try store.entries(prefix: bytes("mc")).map(\.key)
        var batch = WriteBatch()
        batch.delete(keys[1])
        try store.write(batch, sync: true)
        #expect { try chunks.read(bytes("tip")) } throws: { ($0 as? StoreError)?.detail.contains("chunk 1 is gone") == true }
        batch.put(keys[1], [1])
        try store.write(batch, sync: true)
        #expect { try chunks.read(bytes("tip")) } throws: { ($0 as? StoreError)?.code == .corrupted }
        for record: [UInt8] in [[], [1, 2], [UInt8](repeating: 255, count: 16)] {
            batch.put(bytes("mbtip"), record)
            try store.write(batch, sync: true)
            #expect { try chunks.read(bytes("tip")) } throws: { ($0 as? StoreError)?.code == .corrupted }
        }
    }
}
