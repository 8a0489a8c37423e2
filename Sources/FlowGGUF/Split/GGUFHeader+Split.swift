extension GGUFHeader {
    /// The headers of the parts when this file is written in parts of at most `byteCount` bytes each.
    ///
    /// As in llama.cpp's tools, the metadata stands in the first part, the others repeat only the split's own keys (and
    /// the alignment). Tensors keep their order and are never divided, so a part with a single larger tensor is longer.
    ///
    /// - Returns: one header without the split's keys when everything fits.
    /// - Throws: ``GGUFError/limitExceeded(field:value:limit:offset:)`` for more than 65,535 parts.
    public func parts(byteCount: Int) throws(GGUFError) -> [GGUFHeader] {
        var whole = GGUFHeader()
        for entry in metadata where !Self.splitKeys.contains(entry.key) { try whole.set(entry.key, entry.value) }
        for tensor in tensors { try whole.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type) }
        if try whole.fileByteCount() <= byteCount || tensors.count < 2 { return [whole] }
        let groups = try whole.groups(byteCount: byteCount)
        guard groups.count <= Int(UInt16.max) else {
            throw .limitExceeded(
                field: "the number of parts", value: UInt64(groups.count), limit: UInt64(UInt16.max), offset: 0)
        }
        if groups.count == 1 { return [whole] }
        var headers: [GGUFHeader] = []
        for (number, group) in groups.enumerated() {
            var header = try whole.empty(part: number, of: groups.count)
            for tensor in tensors[group] {
                try header.addTensor(tensor.name, dimensions: tensor.dimensions, type: tensor.type)
            }
            headers.append(header)
        }
        return headers
    }

    private static let splitKeys = [GGUFKey.splitNumber, GGUFKey.splitCount, GGUFKey.splitTensorCount]

    /// The metadata of a part.
    private func empty(part: Int, of count: Int) throws(GGUFError) -> GGUFHeader {
        var header = GGUFHeader()
        if part == 0 {
            for entry in metadata { try header.set(entry.key, entry.value) }
        } else if let alignment = metadata[GGUFKey.alignment] {
            try header.set(GGUFKey.alignment, alignment)
        }
        try header.set(GGUFKey.splitNumber, .uint16(UInt16(part)))
        try header.set(GGUFKey.splitCount, .uint16(UInt16(clamping: count)))
        try header.set(GGUFKey.splitTensorCount, .int32(Int32(clamping: tensors.count)))
        return header
    }

    /// Which tensors go together.
    private func groups(byteCount: Int) throws(GGUFError) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var list = try empty(part: 0, of: 1).encodedWithoutPadding().count
        let later = try empty(part: 1, of: 2).encodedWithoutPadding().count
        var data = 0
        for (index, tensor) in tensors.enumerated() {
            let entry = listByteCount(tensor)
            if index > start, padded(list + entry) + data + padded(tensor.byteCount) > byteCount {
                groups.append(start..<index)
                (start, list, data) = (index, later, 0)
            }
            list += entry
            data += padded(tensor.byteCount)
        }
        groups.append(start..<tensors.count)
        return groups
    }
}
