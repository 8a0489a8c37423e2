/// Checks of a LevelDB table file (`.ldb`), to name the damaged one where LevelDB only says that one is.
enum TableFile {
    private static let footerSize: UInt64 = 48
    private static let magic: [UInt8] = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
    private static let blockTrailer: UInt64 = 5

    private struct Handle { let offset: UInt64, size: UInt64 }

    /// What is wrong with the file's end and its index, which opening it needs; nil for nothing.
    static func quickFault(_ path: String) throws(StoreError) -> String? {
        try inspect(path, wholly: false)
    }

    /// What is wrong with any block of the file; nil for nothing. Reads all of it.
    static func fault(_ path: String) throws(StoreError) -> String? {
        try inspect(path, wholly: true)
    }

    private static func inspect(_ path: String, wholly: Bool) throws(StoreError) -> String? {
        guard let size = FileSystem.size(path), size >= footerSize else { return "it is too short for a table" }
        let footer = try FileSystem.read(path, offset: size - footerSize)
        guard footer.count == Int(footerSize), footer.suffix(8).elementsEqual(magic) else {
            return "it does not end as a table does"
        }
        var cursor = FileCursor(footer.prefix(40))
        guard let meta = handle(&cursor), let index = handle(&cursor) else { return "its footer makes no sense" }
        guard let indexBlock = try block(index, of: path, size: size) else {
            return "its index does not match its checksum"
        }
        guard wholly else { return nil }
        guard try block(meta, of: path, size: size) != nil else { return "its list of filters is damaged" }
        // A compressed index is not unpacked here; LevelDB's own scan checks its blocks.
        guard indexBlock.type == 0 else { return nil }
        guard let handles = handles(in: indexBlock.content) else { return "its index makes no sense" }
        for handle in handles where try block(handle, of: path, size: size) == nil {
            return "its block at byte \(handle.offset) does not match its checksum"
        }
        return nil
    }

    private static func handle(_ cursor: inout FileCursor) -> Handle? {
        guard let offset = cursor.varint(), let size = cursor.varint() else { return nil }
        return Handle(offset: offset, size: size)
    }

    /// The block's content and kind of compression; nil where it does not match its checksum.
    private static func block(
        _ handle: Handle, of path: String, size: UInt64
    ) throws(StoreError) -> (content: ArraySlice<UInt8>, type: UInt8)? {
        guard handle.size <= size, handle.offset <= size, handle.offset + handle.size + blockTrailer <= size else {
            return nil
        }
        let bytes = try FileSystem.read(path, offset: handle.offset, count: Int(handle.size + blockTrailer))
        guard bytes.count == Int(handle.size + blockTrailer) else { return nil }
        let checked = bytes.prefix(Int(handle.size) + 1)
        guard FileCursor.fixed32(bytes.suffix(4)) == CRC32C.masked(checked) else { return nil }
        return (bytes.prefix(Int(handle.size)), bytes[Int(handle.size)])
    }

    /// The values of an index block: where the data blocks are.
    private static func handles(in block: ArraySlice<UInt8>) -> [Handle]? {
        guard block.count >= 4 else { return nil }
        let restarts = UInt64(FileCursor.fixed32(block.suffix(4)))
        guard restarts * 4 + 4 <= UInt64(block.count) else { return nil }
        var cursor = FileCursor(block.dropLast(Int(restarts) * 4 + 4))
        var handles: [Handle] = []
        while !cursor.isAtEnd {
            guard cursor.varint() != nil, let keyLength = cursor.varint(), let valueLength = cursor.varint(),
                cursor.take(keyLength) != nil, let value = cursor.take(valueLength)
            else { return nil }
            var inner = FileCursor(value)
            guard let found = handle(&inner) else { return nil }
            handles.append(found)
        }
        return handles
    }
}
