/// What went wrong while the parts were put together or ran: a code for programs, a message for people that names the
/// thing and the way out, and the cause below it.
public struct NodeError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case configuration
        case corpusMissing = "corpus-missing"
        case corpusMismatch = "corpus-mismatch"
        case foreignDataDirectory = "foreign-data-directory"
        case lockedDataDirectory = "locked-data-directory"
        case storeCorrupted = "store-corrupted"
        case storeFailed = "store-failed"
        /// The store is sound and lacks blocks that it held before.
        case lostBlocks = "lost-blocks"
        case diskFull = "disk-full"
        case portInUse = "port-in-use"
        case network
        case backend
        case localFault = "local-fault"
        case stopped
        case unknownBlock = "unknown-block"
        /// A block lies deeper than the node can go back at once.
        case tooDeep = "too-deep"
        /// The next block cannot be made yet, because its time would be too far ahead of the clock.
        case notDue = "not-due"
        case export
    }

    public let code: Code
    public let message: String
    public let cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { cause.map { "\(message) [\(code.rawValue): \($0)]" } ?? "\(message) [\(code.rawValue)]" }
}
