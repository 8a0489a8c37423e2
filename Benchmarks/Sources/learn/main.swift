/// Trains the model of one network shape on a text with the arithmetic and the optimizer of the chain and prints the curve.
/// `Documentation/Numerics.md`, "Learning, against AdamW", gives the commands.

import Foundation

do {
    try LearningRun(LearningOptions(arguments: Array(CommandLine.arguments.dropFirst()))).run()
} catch {
    FileHandle.standardError.write(Data("learn: \(error)\n\n\(LearningOptions.usage)\n".utf8))
    exit(1)
}
