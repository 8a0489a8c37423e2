import FlowConsensus
import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// A network of one's own from one command.
@Suite(.serialized) struct NewNetworkTests {
    private static func founded(_ folder: TemporaryDirectory, _ name: String, _ texts: String, _ more: [String] = []) async throws -> Programs.Outcome {
        try await Programs.run(
            "flowcoind", ["newnetwork", name, "-dataset=\(texts)", "-output=\(folder.folder("\(name).json"))"] + more, timeout: 120)
    }

    /// The file, the texts and one address: ten blocks, both nodes at one tip.
    @Test func twoPeopleShareANetwork() async throws {
        let folder = try TemporaryDirectory()
        let texts = try await Bible.texts(in: folder)
        let amendments = folder.folder("amendments.json")
        try #"[{"height": 2016, "peakLearningRate": 512, "stepsPerBlock": 12}]"#.write(toFile: amendments, atomically: true, encoding: .utf8)
        let founding = try await Self.founded(folder, "our-own", texts, ["-interval=60", "-amendments=\(amendments)", "-message=Today"])
        #expect(founding.status == 0, "\(founding.errors)")
        for word in ["our-own", "budget", "at height 2016", "-connect", "ourown1q"] { #expect(founding.output.contains(word), "\(founding.output)") }
        let file = folder.folder("our-own.json")
        let parameters = try ChainParameters.load(path: file)
        #expect(parameters.amendments.list == [Amendment(height: 2_016, peakLearningRate: 512, stepsPerBlock: 12)])
        #expect(parameters.blockInterval == 60 && parameters.retargets && parameters.training.firstPayingStep == 2)
        #expect(parameters.genesisMessage == "Today" && parameters.replayBudget.twoCoreSeconds >= 2)

        let ports = try FreePorts.take(4)
        let first = Daemon(
            dataDirectory: folder.folder("a"), port: ports[0], rpcPort: ports[1], networkFile: file, arguments: ["-dataset=\(texts)"])
        let second = Daemon(
            dataDirectory: folder.folder("b"), port: ports[2], rpcPort: ports[3], networkFile: file,
            arguments: ["-dataset=\(texts)", "-connect=127.0.0.1:\(ports[0])"])
        try await first.start()
        try await second.start()
        try await first.call("createwallet", "w")
        let address = try #require(try await first.call("getnewaddress").string)
        #expect(address.hasPrefix("ourown1q"))
        let mined = try await Programs.run(
            "flowminer", first.clientArguments + ["-dataset=\(texts)", "--address", address, "--blocks", "10"], timeout: 600)
        #expect(mined.status == 0, "\(mined.errors)")
        try await eventually(within: 300, "both nodes are at one tip") { try await second.call("getblockcount").integer == 10 }
        #expect(try await first.state() == second.state())
        try await first.stop()
        try await second.stop()
    }

    /// One byte of a running node's text is changed in place: the node waits and says where, blames nobody, and follows again once the byte is back.
    @Test func aChangedByteOfTheTextBlamesNobody() async throws {
        let folder = try TemporaryDirectory()
        let text = Array((0..<5_000).map { "line \($0) of a small book\n" }.joined().utf8)
        var copies: [String] = []
        for name in ["a", "b"] {
            copies.append(folder.folder("texts-\(name)"))
            try FileManager.default.createDirectory(atPath: copies.last ?? "", withIntermediateDirectories: true)
            try Data(text).write(to: URL(fileURLWithPath: folder.folder("texts-\(name)/book.txt")))
        }
        let founding = try await Self.founded(folder, "small-book", copies[0], ["-size=tiny"])
        #expect(founding.status == 0, "\(founding.errors)")
        let file = folder.folder("small-book.json")
        let ports = try FreePorts.take(4)
        let honest = Daemon(
            dataDirectory: folder.folder("a"), port: ports[0], rpcPort: ports[1], networkFile: file, arguments: ["-dataset=\(copies[0])"])
        let damaged = Daemon(
            dataDirectory: folder.folder("b"), port: ports[2], rpcPort: ports[3], networkFile: file,
            arguments: ["-dataset=\(copies[1])", "-connect=127.0.0.1:\(ports[0])"])
        try await honest.start()
        try await damaged.start()
        try await honest.call("createwallet", "w")
        let address = try #require(try await honest.call("getnewaddress").string)
        func mine() async throws {
            let mined = try await Programs.run(
                "flowminer", honest.clientArguments + ["-dataset=\(copies[0])", "--address", address, "--blocks", "1"], timeout: 300)
            #expect(mined.status == 0, "\(mined.errors)")
        }
        try await mine()
        try await eventually(within: 60, "the second node follows") { try await damaged.call("getblockcount").integer == 1 }

        /// Changes a byte in the middle, or changes it back; size and times stay.
        func flip() throws {
            let path = copies[1] + "/book.txt"
            var times = stat()
            stat(path, &times)
            let handle = try #require(FileHandle(forUpdatingAtPath: path))
            try handle.seek(toOffset: UInt64(text.count / 2))
            let byte = try #require(try handle.read(upToCount: 1)?.first)
            try handle.seek(toOffset: UInt64(text.count / 2))
            try handle.write(contentsOf: [byte ^ 1])
            try handle.close()
            var stamps = [times.st_atim, times.st_mtim]
            #expect(utimensat(AT_FDCWD, path, &stamps, 0) == 0)
        }
        func warnings() async throws -> String { "\(try await damaged.call("getblockchaininfo")["warnings"])" }
        try flip()
        // A block may by chance read nothing near the byte.
        for _ in 0..<50 {
            let height = try await honest.call("getblockcount").integer
            try await mine()
            try await eventually(within: 60, "the block is connected or waits") {
                let reached = try await damaged.call("getblockcount").integer ?? 0
                if reached > height ?? 0 { return true }
                return try await warnings().contains("book.txt")
            }
            if try await warnings().contains("book.txt") { break }
        }
        let warning = try await warnings()
        #expect(warning.contains("book.txt") && warning.contains("piece"), "\(warning)")
        try await mine()
        let tips = "\(try await damaged.call("getchaintips"))"
        #expect(!tips.contains("invalid"), "\(tips)")
        #expect(try await damaged.call("getconnectioncount").integer == 1)
        #expect(try await damaged.call("listbanned").array?.isEmpty == true)

        try flip()
        try await eventually(within: 120, "the node follows again without a restart") {
            try await damaged.call("getbestblockhash").string == honest.call("getbestblockhash").string
        }
        #expect(try await damaged.state() == honest.state())
        #expect(try await !warnings().contains("book.txt"))
        #expect(try await damaged.call("getconnectioncount").integer == 1)
        try await honest.stop()
        try await damaged.stop()
    }

    @Test func whatIsNoNetworkIsRefused() async throws {
        let folder = try TemporaryDirectory()
        let texts = try await Bible.texts(in: folder)
        func refusal(_ name: String, _ more: String..., naming words: String...) async throws {
            let outcome = try await Self.founded(folder, name, texts, more)
            #expect(outcome.status != 0)
            for word in words { #expect(outcome.errors.contains(word), "expected '\(word)' in: \(outcome.errors)") }
            #expect(!FileManager.default.fileExists(atPath: folder.folder("\(name).json")))
        }
        try await refusal("Upper", naming: "name", "Upper")
        try await refusal("fl", naming: "prefix", "-prefix")
        try await refusal("12", naming: "-prefix")
        try await refusal("a", "-interval=9", naming: "blockInterval")
        try await refusal("b", "-size=huge", naming: "huge", "tiny")
        let amendments = folder.folder("amendments.json")
        try await refusal("c", "-amendments=\(amendments)", naming: amendments)
        try #"[{"height": 5, "stepsPerBlock": 12}]"#.write(toFile: amendments, atomically: true, encoding: .utf8)
        try await refusal("d", "-amendments=\(amendments)", naming: "amendments[0]", "2016")
        try "[1]".write(toFile: amendments, atomically: true, encoding: .utf8)
        try await refusal("e", "-amendments=\(amendments)", naming: amendments, "Amendments.md")
        let none = try await Programs.run("flowcoind", ["newnetwork", "f", "-dataset=\(folder.folder("nowhere"))"])
        #expect(none.status != 0 && none.errors.contains("nowhere"))
        // A file that is there stays as it is.
        let file = folder.folder("g.json")
        try "mine".write(toFile: file, atomically: true, encoding: .utf8)
        let again = try await Self.founded(folder, "g", texts)
        #expect(again.status != 0 && again.errors.contains(file))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
    }
}
