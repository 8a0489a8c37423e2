/// Looks at a store's folder before LevelDB does and after LevelDB failed.
///
/// LevelDB by itself would make a new store where only `CURRENT` was lost, and accepts a manifest without its last record,
/// then deletes the tables it no longer knows. Both lose data without a word, so they are found here first.
struct DirectoryInspection {
    static let lockName = ".flow-lock"
    static let identityName = "IDENTITY"
    private static let identityHead = "flow store 1\n"

    let path: String
    let identity: String?

    enum Finding { case nothing, store }

    private enum FileClass { case table(UInt64), log(UInt64), manifest(UInt64), current, bookkeeping, other }

    private func kind(_ name: String) -> FileClass {
        switch name {
        case "CURRENT": return .current
        case "LOCK", "LOG", "LOG.old", Self.lockName, Self.identityName, Self.identityName + ".new": return .bookkeeping
        default: break
        }
        if name.hasPrefix("MANIFEST-") { return UInt64(name.dropFirst(9)).map { .manifest($0) } ?? .other }
        guard let dot = name.lastIndex(of: "."), let number = UInt64(name[..<dot]) else { return .other }
        switch name[dot...] {
        case ".ldb", ".sst": return .table(number)
        case ".log": return .log(number)
        case ".dbtmp": return .bookkeeping
        default: return .other
        }
    }

    /// Whether a store of ours is there, or nothing, or something to keep away from. Changes nothing.
    func classify() throws(StoreError) -> Finding {
        switch FileSystem.kind(path) {
        case .absent: return .nothing
        case .file: throw .foreign(path, detail: "expected a folder, found a file")
        case .directory: break
        }
        var hasData = false, hasCurrent = false, hasIdentity = false
        var stranger: String?
        for name in try FileSystem.names(in: path) {
            if name == Self.identityName { hasIdentity = true }
            switch kind(name) {
            case .current: hasCurrent = true
            case .table, .log: hasData = true
            // The first manifest of a store whose making was cut off.
            case .manifest(let number): if number != 1 { hasData = true }
            case .bookkeeping: break
            case .other: stranger = stranger ?? name
            }
        }
        if hasIdentity { try checkIdentity() }
        if hasCurrent || hasData {
            if identity != nil && !hasIdentity {
                throw .foreign(path, detail: "the folder holds a database of another program (no \(Self.identityName) file)")
            }
            if hasCurrent { return .store }
            throw .corrupted("\(path)/CURRENT", detail: "the file is gone, but data files are there")
        }
        if let stranger { throw .foreign(path, detail: "the folder holds no store but other files, such as \(stranger)") }
        return .nothing
    }

    private func checkIdentity() throws(StoreError) {
        guard let identity else { return }
        let file = "\(path)/\(Self.identityName)"
        let text = String(decoding: try FileSystem.read(file, count: 4096), as: UTF8.self)
        guard text != Self.identityHead + identity + "\n" else { return }
        let found = text.hasPrefix(Self.identityHead) ? String(text.dropFirst(Self.identityHead.count).prefix(80)) : "other text"
        throw .foreign(path, detail: "expected a store of \(identity), found \(found.filter { $0 != "\n" })")
    }

    func writeIdentity(_ identity: String) throws(StoreError) {
        try FileSystem.writeDurably(
            Array((Self.identityHead + identity + "\n").utf8), to: "\(path)/\(Self.identityName)", in: path)
    }

    /// Checks that the files that the manifest names are there, whole in size, with an end and an index.
    func checkFiles() throws(StoreError) {
        let manifest = try readManifest()
        let names = Set(try FileSystem.names(in: path))
        if manifest.logNumber != 0, !names.contains(fileName(manifest.logNumber, "log")) {
            throw .corrupted(
                "\(path)/\(fileName(manifest.logNumber, "log"))",
                detail: "the manifest needs this log, which is gone; or the manifest lost its end")
        }
        for (number, size) in manifest.tables.sorted(by: { $0.key < $1.key }) {
            let name = [fileName(number, "ldb"), fileName(number, "sst")].first { names.contains($0) }
            guard let name else {
                throw .corrupted("\(path)/\(fileName(number, "ldb"))", detail: "the manifest needs this table, which is gone")
            }
            let file = "\(path)/\(name)"
            let actual = FileSystem.size(file) ?? 0
            guard actual == size else {
                throw .corrupted(file, detail: "expected \(size) bytes, found \(actual)")
            }
            if let fault = try TableFile.quickFault(file) { throw .corrupted(file, detail: fault) }
        }
    }

    private func readManifest() throws(StoreError) -> Manifest {
        let current = "\(path)/CURRENT"
        let text = String(decoding: try FileSystem.read(current, count: 4096), as: UTF8.self)
        guard text.hasPrefix("MANIFEST-"), text.hasSuffix("\n"), !text.contains("/") else {
            throw .corrupted(current, detail: "expected the name of a manifest and a line end")
        }
        let file = "\(path)/\(text.dropLast())"
        guard FileSystem.kind(file) == .file else {
            throw .corrupted(file, detail: "CURRENT names this file, which is gone")
        }
        let manifest = Manifest(try FileSystem.read(file))
        if let fault = manifest.fault { throw .corrupted(file, detail: fault) }
        return manifest
    }

    private func fileName(_ number: UInt64, _ suffix: String) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "." + suffix
    }

    /// The first damaged file, by checksums; nil where none is found. Reads everything.
    func firstDamage() -> StoreError? {
        do {
            try checkFiles()
            for name in try FileSystem.names(in: path) {
                let file = "\(path)/\(name)"
                switch kind(name) {
                case .table: if let fault = try TableFile.fault(file) { return .corrupted(file, detail: fault) }
                case .log: if let fault = RecordLog(try FileSystem.read(file)).fault { return .corrupted(file, detail: fault) }
                default: break
                }
            }
            return nil
        } catch {
            return error
        }
    }

    /// Puts LevelDB's words into our codes, and names the file where LevelDB does not.
    func error(from failure: LevelDBFailure) -> StoreError {
        let message = failure.message
        func says(_ text: String) -> Bool { message.contains(text) }
        if says("/LOCK:") && (says("already held") || says("temporarily unavailable")) { return .locked(path, holder: nil) }
        if says("No space left") || says("quota exceeded") || says("File too large") { return .diskFull(path, text: message) }
        if says("Permission denied") || says("Read-only file system") || says("not permitted") {
            return .denied(path, text: message)
        }
        if says("does not exist (create_if_missing is false)") { return .missing(path) }
        if says("does not match existing comparator") {
            return .foreign(path, detail: "the database orders its keys in another way (\(message))")
        }
        // A table that is shorter than its index says is read past its end, which is an invalid argument.
        let tableUnreadable = says(".ldb") && (says("Invalid argument") || says("No such file"))
        if message.hasPrefix("Corruption") || tableUnreadable {
            guard let damage = firstDamage() else { return .corrupted(path, detail: message) }
            return StoreError(code: .corrupted, path: damage.path, detail: "\(damage.detail) (\(message))", wayOut: damage.wayOut)
        }
        return StoreError(
            code: .failed, path: path, detail: message, wayOut: "Check the disk and the folder, then try again.")
    }
}
