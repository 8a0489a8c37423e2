/// What the metadata of one part says about the split file it belongs to, in the types that llama.cpp asks for.
struct GGUFSplit: Equatable {
    /// The part, from 0.
    var number: UInt16
    /// Number of parts.
    var count: UInt16
    /// Number of tensors in all parts; every part that says it must say the same.
    var tensorCount: Int32?

    /// Nil when the metadata speaks of no split.
    init?(_ metadata: GGUFMetadata) throws(GGUFError) {
        guard let entry = metadata.entry(GGUFKey.splitCount) else { return nil }
        guard case .uint16(let count) = entry.value, count > 0 else { throw entry.unexpected("a UINT16 above 0") }
        guard let place = metadata.entry(GGUFKey.splitNumber) else { throw .missingKey(GGUFKey.splitNumber) }
        guard case .uint16(let number) = place.value, number < count else {
            throw place.unexpected("a UINT16 below the number of parts, \(count)")
        }
        self.number = number
        self.count = count
        guard let total = metadata.entry(GGUFKey.splitTensorCount) else { return }
        guard case .int32(let tensors) = total.value, tensors >= 0 else { throw total.unexpected("an INT32 from 0") }
        tensorCount = tensors
    }
}

/// The parts of a file, parsed and found to belong together: a whole file is one part.
struct GGUFParts {
    private(set) var storages: [GGUFStorage] = []
    private(set) var tensors: [GGUFTensorInfo] = []
    private(set) var names = GGUFStrings()
    private(set) var table = NameTable()
    /// Of the first part; the others repeat only what they need.
    private(set) var metadata = GGUFMetadata()
    private(set) var alignment = 32
    private(set) var dataOffset: UInt64 = 0

    /// Parses a file that is in memory, or one part as it is.
    init(_ storage: GGUFStorage, limits: GGUFLimits) throws(GGUFError) {
        try add(storage, part: 0, limits: limits)
    }

    /// Opens the file at `path` and, when it is the first part of a split file, all others.
    init(
        path: String, limits: GGUFLimits, open: (String) throws(GGUFError) -> GGUFStorage
    ) throws(GGUFError) {
        try add(open(path), part: 0, limits: limits)
        guard let split = try GGUFSplit(metadata), split.count > 1 else { return }
        guard let name = GGUFPartName(path: path), name.count == Int(split.count), name.part == Int(split.number) else {
            throw .inconsistentSplit(
                file: path,
                reason: "it says that it is part \(split.number + 1) of \(split.count); "
                    + "rename it to NAME-00001-of-00003.gguf with its own numbers")
        }
        guard split.number == 0 else {
            throw .inconsistentSplit(
                file: path, reason: "it is part \(split.number + 1) of \(split.count); open the first, \(name.sibling(0))")
        }
        guard let expected = split.tensorCount else { throw .missingKey(GGUFKey.splitTensorCount) }
        for number in 1..<split.count {
            let path = name.sibling(Int(number)).description
            do throws(GGUFError) {
                let found = try add(open(path), part: number, limits: limits)
                try check(found, path: path, number: number, first: split)
            } catch {
                throw named(error, path: path, number: number, count: split.count)
            }
        }
        guard tensors.count == Int(expected) else {
            throw .inconsistentSplit(
                file: path,
                reason: "it speaks of \(expected) tensors, its \(split.count) parts hold \(tensors.count); "
                    + "fetch all parts of one version")
        }
    }

    /// The metadata of the part.
    @discardableResult
    private mutating func add(
        _ storage: GGUFStorage, part: UInt16, limits: GGUFLimits
    ) throws(GGUFError) -> GGUFMetadata {
        var parser = GGUFParser(bytes: storage.bytes, limits: limits, part: part, names: names, table: table)
        try parser.parse()
        storages.append(storage)
        tensors += parser.tensors
        (names, table) = (parser.names, parser.table)
        if part == 0 { (metadata, alignment, dataOffset) = (parser.metadata, Int(parser.alignment), parser.dataOffset) }
        return parser.metadata
    }

    private func check(
        _ found: GGUFMetadata, path: String, number: UInt16, first: GGUFSplit
    ) throws(GGUFError) {
        guard let split = try GGUFSplit(found) else {
            throw .inconsistentSplit(file: path, reason: "it lacks the key '\(GGUFKey.splitCount)'")
        }
        guard split.number == number, split.count == first.count else {
            throw .inconsistentSplit(
                file: path,
                reason: "it says that it is part \(split.number + 1) of \(split.count), "
                    + "its name and the first part say \(number + 1) of \(first.count)")
        }
        if let count = split.tensorCount, count != first.tensorCount {
            throw .inconsistentSplit(
                file: path, reason: "it speaks of \(count) tensors, the first part of \(first.tensorCount ?? 0)")
        }
    }

    private func named(_ error: GGUFError, path: String, number: UInt16, count: UInt16) -> GGUFError {
        switch error {
        case .inconsistentSplit: error
        case .system(_, _, _, let message):
            .inconsistentSplit(
                file: path,
                reason: "it is part \(number + 1) of \(count) and cannot be opened: \(message). "
                    + "Put all parts into one folder")
        default: .inPart(file: path, error: error)
        }
    }
}
