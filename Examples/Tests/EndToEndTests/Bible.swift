import Foundation
import Testing

/// The King James Bible as one text file (Debian package bible-kjv).
enum Bible {
    /// - Returns: the directory that holds it
    static func texts(in folder: TemporaryDirectory) async throws -> String {
        let text = try await Programs.run("/usr/bin/bible", ["gen1:1-rev22:21"])
        #expect(text.status == 0 && text.output.utf8.count > 4_000_000)
        let directory = folder.folder("texts")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try text.output.write(toFile: directory + "/bible.txt", atomically: true, encoding: .utf8)
        return directory
    }
}
