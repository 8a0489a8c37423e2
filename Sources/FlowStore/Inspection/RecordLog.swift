/// LevelDB's log format, in which its logs and manifests are written: blocks of 32 KiB, records in fragments.
struct RecordLog {
    /// The records before the end or the first fault.
    var records: [[UInt8]] = []
    /// What is wrong, where a fragment does not match its checksum or its order; nil for a whole file, and for one that
    /// ends in the middle of a record, as a crash leaves it.
    var fault: String?

    private static let blockSize = 32_768
    private static let headerSize = 7

    init(_ bytes: [UInt8]) {
        var offset = 0
        var pending: [UInt8]?
        while bytes.count - offset >= Self.headerSize {
            let leftInBlock = Self.blockSize - offset % Self.blockSize
            if leftInBlock < Self.headerSize {
                offset += leftInBlock
                continue
            }
            let length = Int(bytes[offset + 4]) | Int(bytes[offset + 5]) << 8
            let type = bytes[offset + 6]
            if type == 0 && length == 0 {
                // Space reserved but never written: the rest of this block is skipped.
                offset += leftInBlock
                pending = nil
                continue
            }
            if Self.headerSize + length > leftInBlock {
                // At the end of the file this is what a crash leaves; before it, damage.
                if bytes.count - offset >= leftInBlock, bytes.count - offset > leftInBlock {
                    fault = "a record at byte \(offset) has an impossible length of \(length)"
                }
                return
            }
            let end = offset + Self.headerSize + length
            guard end <= bytes.count else { return }
            let stored = FileCursor.fixed32(bytes[offset..<offset + 4])
            guard stored == CRC32C.masked(bytes[(offset + 6)..<end]) else {
                fault = "the record at byte \(offset) does not match its checksum"
                return
            }
            let payload = bytes[(offset + Self.headerSize)..<end]
            offset = end
            switch (type, pending) {
            case (1, nil): records.append(Array(payload))
            case (2, nil): pending = Array(payload)
            case (3, .some): pending? += payload
            case (4, .some(let start)):
                records.append(start + payload)
                pending = nil
            default:
                fault = "the record before byte \(end) is out of order"
                return
            }
        }
    }
}
