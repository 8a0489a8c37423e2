/// What went wrong with a store, where, and what the reader can do about it.
///
/// The cases that need different actions have different codes; the text names the file or folder and the way out.
public struct StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure this is; a switch over it needs a `default`, since codes may be added.
    public enum Code: String, Sendable, CaseIterable {
        /// There is no store at the path and making one was not asked for.
        case missing
        /// Something else is at the path: a file, a folder of another program, another kind of store.
        case foreign
        /// Another process, or another object of this process, has the store open.
        case locked
        /// The files contradict themselves; `path` names the file where that is known.
        case corrupted
        /// The disk, or the user's share of it, is full. Nothing of the refused batch is stored.
        case diskFull
        /// The operating system refuses the access.
        case denied
        /// The path is no usable path.
        case invalidPath
        /// The store was closed before the call.
        case closed
        /// An earlier write failed; the store takes no more writes until it is opened again.
        case stopped
        /// Any other failure of the operating system or of LevelDB.
        case failed
    }

    public let code: Code
    /// The file or folder concerned.
    public let path: String
    /// What was expected and what was there instead.
    public let detail: String
    /// What to do now.
    public let wayOut: String

    init(code: Code, path: String, detail: String, wayOut: String) {
        self.code = code
        self.path = path
        self.detail = detail
        self.wayOut = wayOut
    }

    public var description: String { "\(path): \(detail). \(wayOut)" }
}

extension StoreError {
    static func missing(_ path: String) -> StoreError {
        StoreError(
            code: .missing, path: path, detail: "expected a store here, found none",
            wayOut: "Check the path, or open with createIfMissing to make a new store.")
    }

    static func foreign(_ path: String, detail: String) -> StoreError {
        StoreError(
            code: .foreign, path: path, detail: detail,
            wayOut: "Nothing was changed there. Choose another folder, or an empty one.")
    }

    static func locked(_ path: String, holder: String?) -> StoreError {
        StoreError(
            code: .locked, path: path,
            detail: "the folder is in use" + (holder.map { " by process \($0)" } ?? " by another process"),
            wayOut: "Stop the other process, or give this one a folder of its own.")
    }

    static func corrupted(_ path: String, detail: String) -> StoreError {
        StoreError(
            code: .corrupted, path: path, detail: "the store is damaged: \(detail)",
            wayOut: "Copy the folder aside, then restore it from a backup, or delete it and let it be built again.")
    }

    static func closed(_ path: String) -> StoreError {
        StoreError(
            code: .closed, path: path, detail: "the store is closed", wayOut: "Open it again before using it.")
    }

    static func stopped(_ path: String, after failure: StoreError) -> StoreError {
        StoreError(
            code: .stopped, path: path, detail: "no more writes are taken since one failed (\(failure.detail))",
            wayOut: "\(failure.wayOut) Then open the store again: it holds every batch up to the failed one.")
    }
}
