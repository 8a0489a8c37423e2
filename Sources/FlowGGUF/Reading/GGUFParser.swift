/// Reads the header, the metadata and the tensor list, and checks them.
struct GGUFParser {
    private var cursor: GGUFCursor
    private let limits: GGUFLimits
    private(set) var metadata = GGUFMetadata()
    private(set) var tensors: [GGUFTensorInfo] = []
    /// The tensors' names, after those of the parts before this one.
    private(set) var names: GGUFStrings
    private(set) var table: NameTable
    private let part: UInt16
    private(set) var alignment: UInt64 = 32
    private(set) var dataOffset: UInt64 = 0

    /// One entry of the tensor list, before it is known where the data begins.
    private struct Declaration {
        var name: String
        var dimensions: [Int]
        var type: GGUFTensorType
        var offset: UInt64
        var byteCount: Int
        var position: UInt64
        var offsetPosition: UInt64
    }

    /// - Parameters:
    ///   - part: the number of a split file's part, from 0.
    ///   - names: the tensors of the parts before this one, with their table.
    init(
        bytes: UnsafeRawBufferPointer, limits: GGUFLimits, part: UInt16 = 0, names: GGUFStrings = GGUFStrings(),
        table: NameTable = NameTable()
    ) {
        cursor = GGUFCursor(bytes)
        self.limits = limits
        self.part = part
        self.names = names
        self.table = table
    }

    mutating func parse() throws(GGUFError) {
        let (tensorCount, metadataCount) = try readHeader()
        metadata.reserveCapacity(Int(metadataCount))
        for index in 0..<metadataCount { try readEntry(index) }
        try readAlignment()
        var declarations: [Declaration] = []
        declarations.reserveCapacity(Int(tensorCount))
        for index in 0..<tensorCount { declarations.append(try readTensor(index)) }
        try place(declarations)
    }

    private mutating func readHeader() throws(GGUFError) -> (tensors: UInt64, metadata: UInt64) {
        let magic = cursor.bytes.prefix(4)
        if magic.count < 4, "GGUF".utf8.starts(with: magic) { try cursor.require(4, "the magic number") }
        guard magic.elementsEqual("GGUF".utf8) else { throw .notGGUF(found: Array(magic), offset: 0) }
        _ = try cursor.readBytes(4, "the magic number")
        let versionOffset = cursor.offset
        let version = try cursor.read(UInt32.self, "the version")
        if version != 0, version & 0xFFFF == 0 { throw .bigEndian(offset: versionOffset) }
        guard version == 3 else { throw .unsupportedVersion(version, offset: versionOffset) }
        let tensorOffset = cursor.offset
        let tensorCount = try cursor.read(UInt64.self, "the number of tensors")
        let metadataOffset = cursor.offset
        let metadataCount = try cursor.read(UInt64.self, "the number of metadata entries")
        // An entry takes at least 14 bytes (a key of one byte, a value of one). A tensor takes 24, and 8 for a dimension
        // or for its data with their padding.
        let available = UInt64(cursor.remaining)
        guard metadataCount <= available / 14 else {
            throw .truncated(
                field: "the list of \(metadataCount) metadata entries", needed: saturatingProduct(metadataCount, 14),
                available: available, offset: metadataOffset)
        }
        guard tensorCount <= available / 32 else {
            throw .truncated(
                field: "the list of \(tensorCount) tensors", needed: saturatingProduct(tensorCount, 32),
                available: available, offset: tensorOffset)
        }
        guard metadataCount <= limits.metadataCount else {
            throw .limitExceeded(
                field: "the number of metadata entries", value: metadataCount, limit: limits.metadataCount,
                offset: metadataOffset)
        }
        guard tensorCount <= limits.tensorCount else {
            throw .limitExceeded(
                field: "the number of tensors", value: tensorCount, limit: limits.tensorCount, offset: tensorOffset)
        }
        return (tensorCount, metadataCount)
    }

    private mutating func readEntry(_ index: UInt64) throws(GGUFError) {
        let start = cursor.offset
        let keyBytes = try cursor.readText(limit: limits.keyLength, isName: true, "metadata key \(index)")
        guard !keyBytes.isEmpty else { throw .emptyKey(offset: start) }
        let key = String(decoding: keyBytes, as: UTF8.self)
        let type = try cursor.readValueType(key: key)
        let valueOffset = cursor.offset
        let value = try cursor.readValue(type, key: key, limits: limits)
        guard metadata.insert(.init(key: key, value: value, offset: valueOffset)) else {
            throw .duplicateKey(key, offset: start)
        }
    }

    private mutating func readAlignment() throws(GGUFError) {
        guard let entry = metadata.entry(GGUFKey.alignment) else { return }
        guard case .uint32(let value) = entry.value else { throw entry.unexpected("a UINT32") }
        guard value & (value &- 1) == 0, UInt64(value) >= GGUFLimits.smallestAlignment,
            UInt64(value) <= GGUFLimits.largestAlignment
        else { throw .invalidAlignment(UInt64(value), offset: entry.offset) }
        alignment = UInt64(value)
    }

    private mutating func readTensor(_ index: UInt64) throws(GGUFError) -> Declaration {
        let start = cursor.offset
        let nameBytes = try cursor.readText(
            limit: GGUFLimits.tensorNameLength, isName: true, "the name of tensor \(index)")
        let name = String(decoding: nameBytes, as: UTF8.self)
        names.append(validated: nameBytes)
        if table.insert(names.count - 1, of: names) != nil { throw .duplicateTensor(name, offset: start) }
        let countOffset = cursor.offset
        let dimensionCount = try cursor.read(UInt32.self, "the number of dimensions of '\(name)'")
        guard dimensionCount <= GGUFLimits.dimensions else {
            throw .tooManyDimensions(dimensionCount, tensor: name, offset: countOffset)
        }
        var dimensions: [Int] = []
        dimensions.reserveCapacity(Int(dimensionCount))
        var product = 1
        for _ in 0..<dimensionCount {
            let offset = cursor.offset
            let raw = try cursor.read(UInt64.self, "a dimension of '\(name)'")
            guard let dimension = Int(exactly: raw) else { throw .sizeOverflow(tensor: name, offset: offset) }
            let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
            guard !overflow else { throw .sizeOverflow(tensor: name, offset: offset) }
            product = next
            dimensions.append(dimension)
        }
        let typeOffset = cursor.offset
        let rawType = try cursor.read(UInt32.self, "the type of '\(name)'")
        guard let type = GGUFTensorType(rawValue: rawType) else {
            throw .unknownTensorType(rawType, tensor: name, offset: typeOffset)
        }
        let rowLength = dimensions.first ?? 1
        guard rowLength % type.blockLength == 0 else {
            throw .partialBlock(tensor: name, type: type, rowLength: UInt64(rowLength), offset: typeOffset)
        }
        // The bytes that the shape would take without its empty dimensions must fit too, so that no later sum overflows.
        let (blockBytes, overflow) = (product / type.blockLength).multipliedReportingOverflow(by: type.blockByteCount)
        guard !overflow else { throw .sizeOverflow(tensor: name, offset: typeOffset) }
        let byteCount = dimensions.contains(0) ? 0 : blockBytes
        let offsetPosition = cursor.offset
        let offset = try cursor.read(UInt64.self, "the data offset of '\(name)'")
        return Declaration(
            name: name, dimensions: dimensions, type: type, offset: offset, byteCount: byteCount, position: start,
            offsetPosition: offsetPosition)
    }

    /// Checks that the tensors follow each other, each padded to the alignment, and that the file holds all of them.
    private mutating func place(_ declarations: [Declaration]) throws(GGUFError) {
        dataOffset = padded(cursor.offset)
        let fileLength = UInt64(cursor.bytes.count)
        var expected: UInt64 = 0
        tensors.reserveCapacity(declarations.count)
        for declaration in declarations {
            guard declaration.offset == expected else {
                throw .wrongTensorOffset(
                    tensor: declaration.name, expected: expected, actual: declaration.offset,
                    offset: declaration.offsetPosition)
            }
            // Both terms are below 2^63 and the running sum below the file's length, so nothing overflows.
            let end = padded(dataOffset + expected + UInt64(declaration.byteCount))
            guard end <= fileLength else {
                throw .tensorOutOfBounds(
                    tensor: declaration.name, needed: end, available: fileLength, offset: declaration.position)
            }
            tensors.append(
                GGUFTensorInfo(
                    name: declaration.name, dimensions: declaration.dimensions, type: declaration.type, partNumber: part,
                    offset: declaration.offset, fileOffset: dataOffset + expected, byteCount: declaration.byteCount))
            expected = end - dataOffset
        }
    }

    private func padded(_ value: UInt64) -> UInt64 { (value + alignment - 1) & ~(alignment - 1) }
}

private func saturatingProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? .max : product
}
