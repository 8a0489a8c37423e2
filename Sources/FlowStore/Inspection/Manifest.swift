/// What a LevelDB manifest says: which tables and which log make up the database.
struct Manifest {
    /// Table numbers and their sizes in bytes.
    var tables: [UInt64: UInt64] = [:]
    /// The oldest log that still counts; 0 for none.
    var logNumber: UInt64 = 0
    /// What is wrong with it; nil for nothing.
    var fault: String?

    init(_ bytes: [UInt8]) {
        let log = RecordLog(bytes)
        fault = log.fault
        if fault == nil && log.records.isEmpty { fault = "it has no whole record" }
        var required: Set<UInt64> = [2, 3, 4]  // log, next file, last sequence
        for record in log.records where fault == nil {
            if !apply(record[...], &required) { fault = "a record makes no sense" }
        }
        if fault == nil && !required.isEmpty { fault = "its records are not complete" }
    }

    private mutating func apply(_ edit: ArraySlice<UInt8>, _ required: inout Set<UInt64>) -> Bool {
        var cursor = FileCursor(edit)
        while !cursor.isAtEnd {
            guard let tag = cursor.varint() else { return false }
            required.remove(tag)
            switch tag {
            case 1:  // name of the key order
                guard cursor.prefixed() != nil else { return false }
            case 2:
                guard let number = cursor.varint() else { return false }
                logNumber = number
            case 3, 4, 9:  // next file, last sequence, previous log
                guard cursor.varint() != nil else { return false }
            case 5:  // compaction pointer
                guard cursor.varint() != nil, cursor.prefixed() != nil else { return false }
            case 6:  // table left out
                guard cursor.varint() != nil, let number = cursor.varint() else { return false }
                tables[number] = nil
            case 7:  // table added
                guard cursor.varint() != nil, let number = cursor.varint(), let size = cursor.varint(),
                    cursor.prefixed() != nil, cursor.prefixed() != nil
                else { return false }
                tables[number] = size
            default:
                return false
            }
        }
        return true
    }
}
