public import Foundation

/// The compiler that comes with Swift.
public enum Clang {
    public struct Fault: Error, CustomStringConvertible {
        public var description: String
    }

    /// Its path.
    public static func path() throws -> URL {
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
            let swift = URL(fileURLWithPath: "\(folder)/swift").resolvingSymlinksInPath()
            let clang = swift.deletingLastPathComponent().appendingPathComponent("clang")
            if FileManager.default.isExecutableFile(atPath: swift.path), FileManager.default.isExecutableFile(atPath: clang.path) { return clang }
        }
        throw Fault(description: "expected swift, and clang beside it, in PATH")
    }

    /// Runs it.
    ///
    /// - Returns: what it wrote to standard output.
    /// - Throws: ``Fault`` with what it wrote to standard error.
    @discardableResult
    public static func run(_ arguments: [String]) throws -> String {
        let compiler = Process(), output = Pipe(), errors = Pipe()
        compiler.executableURL = try path()
        compiler.arguments = arguments
        compiler.standardOutput = output
        compiler.standardError = errors
        try compiler.run()
        let message = errors.fileHandleForReading.readDataToEndOfFile()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw Fault(description: String(decoding: message, as: UTF8.self)) }
        return String(decoding: text, as: UTF8.self)
    }
}
