import FlowCrypto
import FlowEncoding
@testable import FlowModel
import Foundation
import TestSupport
import Testing

@Suite("Directory corpus")
struct CorpusDirectoryTests {
    struct Vector: Decodable {
        enum Contents: Decodable {
            case hex(String)
            case repeated(String, Int)
            private enum Keys: String, CodingKey { case `repeat`, times }
            init(from decoder: any Decoder) throws {
                if let text = try? decoder.singleValueContainer().decode(String.self) {
                    self = .hex(text)
                } else {
                    let container = try decoder.container(keyedBy: Keys.self)
                    self = .repeated(
                        try container.decode(String.self, forKey: .repeat), try container.decode(Int.self, forKey: .times))
                }
            }
            func bytes() throws -> [UInt8] {
                switch self {
                case .hex(let text): return try Hex.decode(text)
                case .repeated(let text, let times):
                    let unit = try Hex.decode(text)
                    return (0..<times).flatMap { _ in unit }
                }
            }
        }
        let files: [String: Contents]
        let expected: [String]
        let length: UInt64
        let pieces: UInt64
        let corpusRoot: String
    }

    @Test("order, folders, hidden names and root equal the vector")
    func vector() throws {
        let vector = try Vectors.json("flow/corpus-directory.json", as: Vector.self)
        let folder = try TemporaryFolder()
        for (path, contents) in vector.files { try folder.write(contents.bytes(), to: path) }
        let corpus = try DirectoryCorpus(path: folder.path)
        #expect(corpus.relativePaths == vector.expected)
        #expect(corpus.length == vector.length)
        #expect(corpus.pieceCount == vector.pieces)
        #expect(try corpus.blockingTree().root.hex == vector.corpusRoot)
        // The corpus as one array, made here in the simplest way.
        var whole: [UInt8] = []
        for path in vector.expected { whole += [2] + (try #require(vector.files[path]).bytes()) + [3] }
        #expect(try corpus.bytes(at: 0, count: whole.count) == whole)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let offset = Int.random(in: 0...whole.count, using: &random)
            let count = min(whole.count - offset, Int.random(in: 0...300, using: &random))
            #expect(try corpus.bytes(at: UInt64(offset), count: count) == Array(whole[offset..<offset + count]))
        }
        #expect(try corpus.piece(2) == Array(whole[131_072...]))
        #expect(throws: CorpusError.outOfRange(offset: 196_608, count: 65_536, length: vector.length)) { try corpus.piece(3) }
        #expect(throws: CorpusError.self) { try corpus.piece(.max) }
    }

    @Test("symbolic links, pipes and devices are passed over; the directory itself may be a link")
    func links() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try outside.write(Array("not here".utf8), to: "elsewhere.txt")
        try folder.write(Array("here".utf8), to: "real/a.txt")
        let manager = FileManager.default
        try manager.createSymbolicLink(
            at: folder.url.appendingPathComponent("link.txt"), withDestinationURL: outside.url.appendingPathComponent("elsewhere.txt"))
        try manager.createSymbolicLink(at: folder.url.appendingPathComponent("folder"), withDestinationURL: outside.url)
        try manager.createSymbolicLink(at: folder.url.appendingPathComponent("loop"), withDestinationURL: folder.url)
        #expect(mkfifo(folder.path + "/pipe.txt", 0o600) == 0)
        let entry = outside.url.appendingPathComponent("entry")
        try manager.createSymbolicLink(at: entry, withDestinationURL: folder.url)
        for path in [folder.path, entry.path] {
            let corpus = try DirectoryCorpus(path: path)
            #expect(corpus.relativePaths == ["real/a.txt"])
            #expect(try corpus.bytes(at: 0, count: 6) == [2] + Array("here".utf8) + [3])
        }
    }

    @Test("an empty directory is a corpus of no bytes, empty files are two bytes each")
    func empty() throws {
        let folder = try TemporaryFolder()
        let nothing = try DirectoryCorpus(path: folder.path)
        #expect(nothing.length == 0)
        #expect(nothing.pieceCount == 0)
        #expect(try nothing.blockingTree().root == CorpusTree.root(length: 0, bulkRoot: .zero))
        #expect(try nothing.bytes(at: 0, count: 0) == [])
        #expect(throws: CorpusError.tooShort(length: 0, contextLength: 8, legalStarts: 0, minimum: 65_536)) {
            try BatchSampler(corpus: nothing, contextLength: 8, batchSize: 1)
        }
        try folder.write([], to: "a.txt")
        try folder.write([], to: "b.txt")
        #expect(try DirectoryCorpus(path: folder.path).bytes(at: 0, count: 4) == [2, 3, 2, 3])
    }

    @Test("files that vanish, grow, shrink or become something else are named")
    func changes() throws {
        let folder = try TemporaryFolder()
        let names = ["gone.txt", "grown.txt", "pipe.txt", "same.txt", "shrunk.txt", "linked.txt"].sorted()
        for name in names { try folder.write([UInt8](repeating: 65, count: 1_000), to: name) }
        let corpus = try DirectoryCorpus(path: folder.path)
        #expect(corpus.length == 6 * 1_002)
        let file = { (name: String) in folder.url.appendingPathComponent(name) }
        try FileManager.default.removeItem(at: file("gone.txt"))
        try folder.write([UInt8](repeating: 65, count: 1_001), to: "grown.txt")
        try FileManager.default.removeItem(at: file("pipe.txt"))
        #expect(mkfifo(folder.path + "/pipe.txt", 0o600) == 0)
        #expect(truncate(folder.path + "/shrunk.txt", 10) == 0)
        try FileManager.default.removeItem(at: file("linked.txt"))
        try FileManager.default.createSymbolicLink(at: file("linked.txt"), withDestinationURL: file("same.txt"))
        for (index, name) in names.enumerated() {
            let offset = UInt64(index * 1_002)
            if name == "same.txt" {
                #expect(try corpus.bytes(at: offset, count: 1_002).count == 1_002)
                continue
            }
            do {
                _ = try corpus.bytes(at: offset + 20, count: 10)
                Issue.record("\(name) was read")
            } catch {
                switch error {
                case .changed(let path, _, _), .unreadable(let path, _): #expect(path == name)
                default: Issue.record("\(name): \(error)")
                }
                #expect("\(error)".contains(name))
            }
        }
        #expect(throws: CorpusError.self) { try corpus.blockingTree() }
    }

    @Test("what is no readable directory is refused with its name")
    func refusals() throws {
        let folder = try TemporaryFolder()
        try folder.write([1], to: "file")
        for path in ["missing", "file", "missing/deeper"] {
            let full = folder.path + "/" + path
            do {
                _ = try DirectoryCorpus(path: full)
                Issue.record("\(path) was opened")
            } catch {
                guard case .notADirectory(full, _) = error else {
                    Issue.record("\(path): \(error)")
                    continue
                }
            }
        }
        #expect(throws: CorpusError.self) { try DirectoryCorpus(path: "") }

        // Whoever may read everything (root) reads this file too; everybody else gets its name.
        try folder.write([65], to: "secret.txt")
        #expect(chmod(folder.path + "/secret.txt", 0) == 0)
        if geteuid() == 0 {
            #expect(try DirectoryCorpus(path: folder.path).length == 3)
        } else {
            #expect(throws: CorpusError.unreadable(path: "secret.txt", reason: String(cString: strerror(EACCES)))) {
                try DirectoryCorpus(path: folder.path)
            }
        }
    }

    @Test("a folder that cannot be read to its end is named")
    func unreadableDepth() throws {
        // Longer than the system's limit for one path, made step by step.
        let folder = try TemporaryFolder()
        let name = String(repeating: "d", count: 200)
        var descriptor = open(folder.path, O_RDONLY | O_DIRECTORY)
        for _ in 0..<30 {
            #expect(mkdirat(descriptor, name, 0o700) == 0)
            let next = openat(descriptor, name, O_RDONLY | O_DIRECTORY)
            close(descriptor)
            descriptor = next
        }
        close(descriptor)
        do {
            _ = try DirectoryCorpus(path: folder.path)
            Issue.record("a path beyond the limit was opened")
        } catch {
            guard case .unreadable(let path, _) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(path.contains(name))
        }
    }

    @Test("a wrong corpus is told apart by root and by length")
    func mismatch() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("text".utf8), to: "a.txt")
        let tree = try DirectoryCorpus(path: folder.path).blockingTree()
        try tree.require(root: tree.root, length: 6)
        #expect(throws: CorpusError.mismatch(expectedRoot: .zero, expectedLength: 6, actualRoot: tree.root, actualLength: 6)) {
            try tree.require(root: .zero, length: 6)
        }
        #expect(throws: CorpusError.self) { try tree.require(root: tree.root, length: 7) }
    }
}
