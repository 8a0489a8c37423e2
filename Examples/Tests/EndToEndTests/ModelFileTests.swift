import FlowCrypto
import FlowModel
import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// `model.gguf`, which the daemon keeps in its data directory.
@Suite(.serialized) struct ModelFileTests {
    private func files(_ node: Daemon) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: node.networkDirectory)) ?? []).filter { $0.hasPrefix("model.gguf") }
    }

    private func path(_ node: Daemon) -> String { node.networkDirectory + "/model.gguf" }

    /// Waits, awake, until the program writes a new file. False when a whole new file came before its beginning was seen.
    private func sawTemporary(_ node: Daemon, besides old: [String], until format: String) -> Bool {
        let deadline = Date().addingTimeInterval(120)
        while Date() < deadline {
            if files(node).contains(where: { $0.hasPrefix("model.gguf.tmp-") && !old.contains($0) }) { return true }
            if ModelFile(path: path(node))?.format.rawValue == format { return false }
            usleep(200)
        }
        return false
    }

    /// kill −9 and SIGTERM in the middle of a write: the old file stays whole, and what the killed process left is gone
    /// after the next start. Testnet, because its model is large enough to be met in the middle.
    @Test func aKilledWriteLeavesTheOldFileWhole() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let node = Daemon(
            dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], network: "testnet",
            arguments: ["-nolisten", "-disablewallet"])
        try await node.start(["-modelexport=f32"])
        try await eventually(within: 120, "the first file is written") { ModelFile(path: path(node))?.format == .f32 }
        let info = try await node.call("getmodelinfo")
        #expect(info["file"]["type"].string == "f32")
        #expect(info["file"]["modelroot"].string == info["modelroot"].string)
        try await node.stop()
        #expect(files(node) == ["model.gguf"])
        let old = try Data(contentsOf: URL(fileURLWithPath: path(node)))

        var leftovers = 0
        for _ in 0..<5 {
            let before = files(node)
            try node.launch(["-modelexport=q6_k"])
            let seen = sawTemporary(node, besides: before, until: "q6_k")
            node.killHard()
            guard seen, files(node).contains(where: { $0 != "model.gguf" && !before.contains($0) }) else { break }
            leftovers += 1
            #expect(try Data(contentsOf: URL(fileURLWithPath: path(node))) == old)
        }
        #expect(leftovers > 0, "no write was met in the middle")

        // A start that changes nothing still clears away.
        try await node.start(["-modelexport=f32"])
        try await eventually(within: 60, "the file is current") {
            try await node.call("getmodelinfo")["file"]["current"].bool == true
        }
        #expect(files(node) == ["model.gguf"])
        try await node.stop()

        try node.launch(["-modelexport=q6_k"])
        _ = sawTemporary(node, besides: [], until: "q6_k")
        #expect(node.terminate() == 0)
        #expect(files(node) == ["model.gguf"])
        #expect(ModelFile(path: path(node)) != nil)

        try await node.start(["-modelexport=q6_k"])
        try await eventually(within: 120, "the new format is written") { ModelFile(path: path(node))?.format.rawValue == "q6_k" }
        #expect(files(node) == ["model.gguf"])
        let answer = try await Programs.run("flowchat", ["-m", path(node), "-p", "Hello", "-n", "4", "--temp", "0"])
        #expect(answer.status == 0, "\(answer.errors)")
        try await node.stop()
    }

    @Test func theFileFollowsMinedBlocks() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let node = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1], arguments: ["-nolisten"])
        try await node.start()
        try await node.call("createwallet", "w")
        try await node.call("generate", 2)
        try await eventually(within: 60, "the file has the tip") { try await node.call("getmodelinfo")["file"]["height"].integer == 2 }
        let info = try await node.call("getmodelinfo")
        // The default.
        #expect(info["file"]["type"].string == "q8_0")
        let file = try #require(ModelFile(path: path(node)))
        #expect(file.blockHash.displayHex == info["blockhash"].string)
        #expect(file.modelRoot.displayHex == info["modelroot"].string)
        try await node.stop()
        expect(
            try await Programs.run("flowcoind", ["-regtest", "-datadir=\(folder.folder("n"))", "-modelexport=q9"]),
            names: "q9", "q8_0", "none")
        try await node.start(["-modelexport=none"])
        try await node.call("generate", 1)
        #expect(try await node.call("getmodelinfo")["file"].isNull)
        try await node.stop()
        // What is there stays; it is only no longer kept up.
        #expect(ModelFile(path: path(node)) == file)
    }

    private func expect(_ outcome: Programs.Outcome, names words: String...) {
        #expect(outcome.status != 0)
        for word in words { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
    }

    #if os(Linux)
    @Test func aSmallDiskGivesAWarning() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let disk = folder.folder("disk"), log = folder.folder("log")
        let script = """
            set -e
            mkdir -p \(disk)
            mount -t tmpfs -o size=48m tmpfs \(disk)
            node="\(try Programs.path("flowcoind")) -regtest -datadir=\(disk) -port=\(ports[0]) -rpcport=\(ports[1]) -nolisten"
            cli() { \(try Programs.path("flowcoin-cli")) -regtest -datadir=\(disk) -rpcport=\(ports[1]) "$@"; }
            $node >\(log) 2>&1 & pid=$!
            for i in $(seq 600); do cli getmodelinfo 2>/dev/null | grep -q filewarning && break; sleep 0.1; done
            cli getmodelinfo
            cli stop >/dev/null
            wait $pid
            ls \(disk)/regtest
            """
        let outcome = try await Programs.run("/usr/bin/unshare", ["--mount", "--map-root-user", "/bin/bash", "-c", script], timeout: 120)
        #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
        for word in ["filewarning", "MiB of room", "\"file\": null"] { #expect(outcome.output.contains(word), "\(outcome.output)") }
        #expect(!outcome.output.contains("model.gguf.tmp"))
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("warning"))
    }
    #endif
}
