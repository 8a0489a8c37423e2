/// What a file will contain: metadata, and the tensors' names, shapes and types in the order of their data.
///
/// The same rules hold as for reading, so a header that can be made is one that ``GGUFFile`` accepts.
public struct GGUFHeader: Sendable {
    public private(set) var metadata = GGUFMetadata()
    public private(set) var tensors: [Tensor] = []
    private var names = GGUFStrings()
    private var table = NameTable()

    /// A tensor that will be written.
    public struct Tensor: Sendable, Equatable {
        public let name: String
        /// The first runs fastest.
        public let dimensions: [Int]
        public let type: GGUFTensorType
        /// Bytes of data, without padding.
        public let byteCount: Int
        /// Elements.
        let elementCount: Int
    }

    public init() {}

    /// Sets metadata; a key that is there gets the new value.
    ///
    /// - Throws: for an empty key, one with a zero byte or of more than 65,535 bytes, and an alignment that is not a
    ///   `UINT32` power of two from 8 up.
    public mutating func set(_ key: String, _ value: GGUFValue) throws(GGUFError) {
        if key.isEmpty { throw .emptyKey(offset: 0) }
        if key.utf8.contains(0) { throw .nulInName(field: "the metadata key", offset: 0) }
        let limit = GGUFLimits().keyLength
        guard UInt64(key.utf8.count) <= limit else {
            throw .limitExceeded(
                field: "the length of a metadata key", value: UInt64(key.utf8.count), limit: limit, offset: 0)
        }
        if key == GGUFKey.alignment {
            guard case .uint32(let alignment) = value, alignment & (alignment &- 1) == 0,
                (GGUFLimits.smallestAlignment...GGUFLimits.largestAlignment).contains(UInt64(alignment))
            else { throw .invalidAlignment(UInt64(clamping: value.integer ?? 0), offset: 0) }
        }
        metadata.set(key, value)
    }

    /// Appends a tensor.
    ///
    /// - Parameter dimensions: at most four; the first runs fastest.
    public mutating func addTensor(_ name: String, dimensions: [Int], type: GGUFTensorType) throws(GGUFError) {
        if name.utf8.contains(0) { throw .nulInName(field: "the tensor name '\(name)'", offset: 0) }
        guard UInt64(name.utf8.count) <= GGUFLimits.tensorNameLength else {
            throw .limitExceeded(
                field: "the length of the tensor name '\(name)'", value: UInt64(name.utf8.count),
                limit: GGUFLimits.tensorNameLength, offset: 0)
        }
        guard dimensions.count <= Int(GGUFLimits.dimensions) else {
            throw .tooManyDimensions(UInt32(clamping: dimensions.count), tensor: name, offset: 0)
        }
        var product = 1
        for dimension in dimensions {
            let (next, overflow) = product.multipliedReportingOverflow(by: max(dimension, 1))
            guard dimension >= 0, !overflow else { throw .sizeOverflow(tensor: name, offset: 0) }
            product = next
        }
        let rowLength = dimensions.first ?? 1
        guard rowLength % type.blockLength == 0 else {
            throw .partialBlock(tensor: name, type: type, rowLength: UInt64(rowLength), offset: 0)
        }
        // Without its empty dimensions the shape must fit too, as the reader asks.
        let (blockBytes, overflow) = (product / type.blockLength).multipliedReportingOverflow(by: type.blockByteCount)
        guard !overflow else { throw .sizeOverflow(tensor: name, offset: 0) }
        let isEmpty = dimensions.contains(0)
        let (elements, byteCount) = (isEmpty ? 0 : product, isEmpty ? 0 : blockBytes)
        if table.position(of: name, in: names) != nil { throw .duplicateTensor(name, offset: 0) }
        names.append(name)
        _ = table.insert(tensors.count, of: names)
        tensors.append(
            Tensor(name: name, dimensions: dimensions, type: type, byteCount: byteCount, elementCount: elements))
    }

    /// Tensors begin at multiples of this many bytes; 32 unless the metadata says otherwise.
    public var alignment: Int { metadata[GGUFKey.alignment]?.integer ?? 32 }

    /// Bytes that one tensor takes in the list of tensors.
    func listByteCount(_ tensor: Tensor) -> Int { 24 + tensor.name.utf8.count + 8 * tensor.dimensions.count }

    /// Length of the whole file in bytes.
    public func fileByteCount() throws(GGUFError) -> Int {
        var total = try encoded().count
        for tensor in tensors {
            let (sum, overflow) = total.addingReportingOverflow(tensor.byteCount)
            guard !overflow, sum <= Int.max - alignment else { throw .sizeOverflow(tensor: tensor.name, offset: 0) }
            total = padded(sum)
        }
        return total
    }

    func padded(_ value: Int) -> Int { (value + alignment - 1) & ~(alignment - 1) }

    /// All bytes up to the first tensor's data, padding included.
    public func encoded() throws(GGUFError) -> [UInt8] {
        var bytes = try encodedWithoutPadding()
        bytes.append(contentsOf: repeatElement(0, count: padded(bytes.count) - bytes.count))
        return bytes
    }

    func encodedWithoutPadding() throws(GGUFError) -> [UInt8] {
        var encoder = GGUFEncoder()
        encoder.bytes.append(contentsOf: "GGUF".utf8)
        encoder.append(UInt32(3))
        encoder.append(UInt64(tensors.count))
        encoder.append(UInt64(metadata.count))
        for entry in metadata {
            encoder.append(entry.key)
            encoder.append(entry.value)
        }
        var offset = 0
        for tensor in tensors {
            encoder.append(tensor.name)
            encoder.append(UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { encoder.append(UInt64(dimension)) }
            encoder.append(tensor.type.rawValue)
            encoder.append(UInt64(offset))
            let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
            guard !overflow, end <= Int.max - alignment else { throw .sizeOverflow(tensor: tensor.name, offset: 0) }
            offset = padded(end)
        }
        return encoder.bytes
    }
}
