public import ArgumentParser
import Foundation

extension AsyncParsableCommand {
    /// Runs the command with what its configuration file and its command line say (`ProgramArguments`).
    public static func runProgram(_ form: OptionForm, known: Set<String>? = nil) async {
        do {
            await runProgram(try ProgramArguments.all(Array(CommandLine.arguments.dropFirst()), form, known: known))
        } catch {
            stop("\(configuration.commandName ?? "error"): \(error.description)", status: error.exitStatus)
        }
    }

    /// Runs the command; an error ends the program with one line on standard error and a status that is not 0.
    /// - Parameter arguments: nil: those of the process
    public static func runProgram(_ arguments: [String]? = nil) async {
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ProgramError {
            stop("\(configuration.commandName ?? "error"): \(error.description)", status: error.exitStatus)
        } catch let error as RPCFailure {
            stop(error.description, status: Int32(min(max(abs(error.code), 1), 125)))
        } catch is CancellationError {
            stop("\(configuration.commandName ?? "error"): stopped", status: 130)
        } catch where Self.exitCode(for: error) == .failure && !(error is ValidationError) {
            stop("\(configuration.commandName ?? "error"): \(Self.message(for: error))", status: 1)
        } catch {
            Self.exit(withError: error)
        }
    }

    private static func stop(_ message: String, status: Int32) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        Foundation.exit(status)
    }
}
