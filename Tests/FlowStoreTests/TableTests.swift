import FlowEncoding
import FlowStore
import Testing

@Suite struct TableTests {
    struct Pair: BinaryCodable, TableValue, TableKey, Equatable {
        var left: UInt8, right: UInt8
        init(_ left: UInt8, _ right: UInt8) { (self.left, self.right) = (left, right) }
        init(from reader: inout ByteReader) throws(DecodingFault) {
            left = try reader.readUInt8()
            right = try reader.readUInt8()
        }
        func encode(to writer: inout ByteWriter) {
            writer.write(left)
            writer.write(right)
        }
    }

    private let heights = Table<UInt32, Pair>(name: "heights", prefix: [1])
    private let pairs = Table<Pair, [UInt8]>(name: "pairs", prefix: [2])

    @Test func keysSortAsNumbers() throws {
        let store = MemoryStore()
        var batch = WriteBatch()
        for height in [300, 2, 70_000, 0, 256] as [UInt32] { heights.put(height, Pair(UInt8(height & 255), 1), into: &batch) }
        pairs.put(Pair(0, 0), [9], into: &batch)
        try store.write(batch, sync: true)
        var seen: [UInt32] = []
        try heights.scan(store) { height, _ in
            seen.append(height)
            return true
        }
        #expect(seen == [0, 2, 256, 300, 70_000])
        seen = []
        try heights.scan(store, from: 299, reverse: true, limit: 2) { height, _ in
            seen.append(height)
            return true
        }
        #expect(seen == [256, 2])
        #expect(try heights.last(in: store)?.key == 70_000)
        #expect(try heights.first(in: store)?.value == Pair(0, 1))
        #expect(try heights.get(300, from: store) == Pair(44, 1))
        #expect(try heights.get(301, from: store) == nil)
        #expect(try pairs.get(Pair(0, 0), from: store) == [9])
        var removal = WriteBatch()
        heights.delete(300, into: &removal)
        try store.write(removal, sync: true)
        #expect(try !heights.contains(300, in: store))
        #expect(try heights.contains(0, in: store))
    }

    @Test func damageIsNamed() throws {
        let store = MemoryStore()
        var batch = WriteBatch()
        batch.put([1, 0, 0, 0, 1], [1, 2, 3])
        batch.put([1, 9], [1, 2])
        try store.write(batch, sync: true)
        #expect { try heights.get(1, from: store) } throws: {
            ($0 as? StoreError)?.code == .corrupted && "\($0)".contains("heights")
        }
        #expect { try heights.last(in: store) } throws: { ($0 as? StoreError)?.code == .corrupted }
    }
}
