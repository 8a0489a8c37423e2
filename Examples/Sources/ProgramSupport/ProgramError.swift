public import Foundation

/// A message for the person at the terminal: what was expected, what came, and the way out.
public struct ProgramError: Error, CustomStringConvertible, LocalizedError, Sendable {
    public let description: String
    /// The exit status that the program ends with.
    public let exitStatus: Int32

    public init(_ description: String, exitStatus: Int32 = 1) {
        self.description = description
        self.exitStatus = exitStatus
    }

    public var errorDescription: String? { description }
}
