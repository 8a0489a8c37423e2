/// The Castagnoli cyclic redundancy check (polynomial 0x1EDC6F41, reflected), as LevelDB's files use it.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = (value & 1) != 0 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
        return value
    }

    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0xffff_ffff
        bytes.withUnsafeBytes { raw in
            table.withUnsafeBufferPointer { table in
                for byte in raw { value = table[Int((value ^ UInt32(byte)) & 0xff)] ^ (value >> 8) }
            }
        }
        return value ^ 0xffff_ffff
    }

    /// What LevelDB stores, so that a checksum of data with checksums in it stays useful.
    static func masked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        let value = checksum(bytes)
        return ((value >> 15) | (value << 17)) &+ 0xa282_ead8
    }
}
