import FlowNode
import FlowRPC
import Foundation
import ProgramSupport
import Testing

/// Each mistake gets a message that names the thing and the way out, and a status that is not 0.
@Suite(.serialized) struct BadInputTests {
    private func node(_ folder: TemporaryDirectory, _ name: String, _ arguments: [String]) async throws -> Programs.Outcome {
        try await Programs.run("flowcoind", ["-regtest", "-datadir=\(folder.folder(name))"] + arguments, timeout: 60)
    }

    private func expect(_ outcome: Programs.Outcome, names words: String...) {
        #expect(outcome.status != 0)
        for word in words { #expect(outcome.errors.contains(word), "expected '\(word)' in: \(outcome.errors)") }
        #expect(!outcome.errors.contains("Fatal error") && !outcome.errors.contains("Current stack trace"))
    }

    @Test func portsThatAreTakenAreNamed() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(4)
        let running = Daemon(dataDirectory: folder.folder("running"), port: ports[0], rpcPort: ports[1])
        try await running.start()
        expect(try await node(folder, "a", ["-port=\(ports[0])", "-rpcport=\(ports[2])"]), names: "\(ports[0])", "-port")
        expect(try await node(folder, "b", ["-port=\(ports[3])", "-rpcport=\(ports[1])"]), names: "\(ports[1])", "-rpcport")
        // The data directory of a running node is locked.
        expect(
            try await node(folder, "running", ["-port=\(ports[2])", "-rpcport=\(ports[3])"]), names: folder.folder("running"))
        #expect(try await running.call("getblockcount").integer == 0)
        try await running.stop()
    }

    @Test func aCorpusOrDataDirectoryOfAnotherNetworkIsRefused() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let texts = folder.folder("texts")
        try FileManager.default.createDirectory(atPath: texts, withIntermediateDirectories: true)
        try String(repeating: "The quick brown fox jumps over the lazy dog.\n", count: 3_000)
            .write(toFile: texts + "/fox.txt", atomically: true, encoding: .utf8)

        // Testnet's corpus is pinned.
        let pinned = try await Programs.run(
            "flowcoind", ["-testnet", "-datadir=\(folder.folder("t"))", "-dataset=\(texts)", "-port=\(ports[0])", "-rpcport=\(ports[1])"])
        expect(pinned, names: "root", "testnet", "-dataset")

        let own = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await own.start()
        try await own.stop()
        expect(try await node(folder, "n", ["-dataset=\(texts)", "-port=\(ports[0])", "-rpcport=\(ports[1])"]), names: "datadir")
        expect(try await node(folder, "m", ["-dataset=\(folder.folder("nowhere"))"]), names: "nowhere")
        try Data("not a network".utf8).write(to: folder.url.appendingPathComponent("network.json"))
        expect(try await Programs.run("flowcoind", ["-network=\(folder.folder("network.json"))", "-datadir=\(folder.folder("x"))"]), names: "network.json")
    }

    @Test func garbageToTheRPCServerIsAnsweredAsBitcoindDoes() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        let cookie = try String(contentsOfFile: folder.folder("n/regtest/.cookie"), encoding: .utf8)
        func post(_ body: String, user: String? = nil) async throws -> Programs.Outcome {
            try await Programs.run("/usr/bin/curl", [
                "-s", "-o", "-", "-w", "\n%{http_code}", "--user", user ?? cookie, "--data-binary", body, "http://127.0.0.1:\(ports[1])/",
            ])
        }
        for (body, status, code) in [
            ("{", "500", "-32700"), ("\u{0}\u{1}garbage", "500", "-32700"), (#"{"method":1,"id":1}"#, "400", "-32600"),
            (#"{"method":"nosuch","id":1}"#, "404", "-32601"), (#"{"method":"getblockhash","params":["x"],"id":1}"#, "500", "-1"),
            (#"{"method":"getblockhash","params":[99],"id":1}"#, "500", "-8"),
            (#"{"method":"sendtoaddress","params":["x",-1],"id":1}"#, "500", "-18"),
            (#"{"method":"submitblock","params":["00"],"id":1}"#, "500", "-22"),
        ] {
            let answer = try await post(body)
            #expect(answer.output.hasSuffix(status), "\(body): \(answer.output)")
            #expect(answer.output.contains("\"code\":\(code),") || answer.output.contains("\"code\":\(code)}"), "\(body): \(answer.output)")
        }
        #expect(try await post("{}", user: "someone:else").output.hasSuffix("401"))
        let deep = String(repeating: "[", count: 200_000)
        let file = folder.folder("deep")
        try deep.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try await post("@\(file)").output.contains("-32700"))
        #expect(try await daemon.call("getblockcount").integer == 0)
        try await daemon.stop()
    }

    @Test func wrongPassphrasesAndUnknownCommandsSayWhatToDo() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        expect(
            try await Programs.run("flowcoin-cli", ["-regtest", "-datadir=\(folder.folder("n"))", "getblockcount"]),
            names: "flowcoind")
        try await daemon.start()
        func cli(_ words: String...) async throws -> Programs.Outcome {
            try await Programs.run("flowcoin-cli", daemon.clientArguments + words)
        }
        #expect(try await cli("createwallet", "w", "false", "false", "right").status == 0)
        expect(try await cli("walletpassphrase", "wrong", "60"), names: "passphrase", "incorrect")
        expect(try await cli("createwallet", "w"), names: "exists")
        expect(try await cli("nosuchcommand"), names: "Method not found")
        expect(try await cli("getblockhash", "abc"), names: "JSON")
        let help = try await cli("help")
        #expect(help.status == 0)
        for command in [
            "createwallet", "getnewaddress", "getbalance", "sendtoaddress", "getblockchaininfo", "getblock", "getpeerinfo",
            "getmodelinfo", "exportmodel", "generate", "stop", "help",
        ] { #expect(help.output.contains(command), "help does not list \(command)") }
        try await daemon.stop()
    }

    @Test func aFullDiskStopsTheNodeAndLosesNothing() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        // A disk of 24 MB in a mount namespace of its own; the node must end by itself with a message, and go on with more room.
        let script = """
            set -e
            mkdir -p \(folder.folder("disk"))
            mount -t tmpfs -o size=24m tmpfs \(folder.folder("disk"))
            node() { \(try Programs.path("flowcoind")) -regtest -datadir=\(folder.folder("disk")) -port=\(ports[0]) -rpcport=\(ports[1]); }
            cli() { \(try Programs.path("flowcoin-cli")) -regtest -datadir=\(folder.folder("disk")) -rpcport=\(ports[1]) "$@"; }
            wait_up() { for i in $(seq 600); do cli getblockcount >/dev/null 2>&1 && return; sleep 0.1; done; echo "never up"; exit 9; }
            node 2>\(folder.folder("first.err")) & pid=$!
            wait_up
            cli createwallet w >/dev/null
            address=$(cli getnewaddress)
            cli generatetoaddress 1 "$address" >/dev/null
            dd if=/dev/zero of=\(folder.folder("disk"))/ballast bs=64k 2>/dev/null || true
            cli generatetoaddress 40 "$address" >/dev/null 2>&1 || true
            status=0; wait $pid || status=$?
            echo "status $status"
            rm \(folder.folder("disk"))/ballast
            node 2>\(folder.folder("second.err")) & pid=$!
            wait_up
            echo "height $(cli getblockcount)"
            cli stop >/dev/null
            wait $pid
            """
        let outcome = try await Programs.run("/usr/bin/unshare", ["--mount", "--map-root-user", "/bin/bash", "-c", script], timeout: 240)
        #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
        let errors = (try? String(contentsOfFile: folder.folder("first.err"), encoding: .utf8)) ?? ""
        #expect(outcome.output.contains("status ") && !outcome.output.contains("status 0"), "\(outcome.output)\n\(errors)")
        #expect(errors.lowercased().contains("space") || errors.lowercased().contains("disk"), "\(errors)")
        let height = outcome.output.split(separator: "\n").first { $0.hasPrefix("height ") }?.dropFirst(7)
        #expect((height.flatMap { Int($0) } ?? -1) >= 1, "\(outcome.output)")
    }

    @Test func truncatedModelsAreRefused() async throws {
        let folder = try TemporaryDirectory()
        let ports = try FreePorts.take(2)
        let daemon = Daemon(dataDirectory: folder.folder("n"), port: ports[0], rpcPort: ports[1])
        try await daemon.start()
        let whole = folder.folder("model.gguf")
        try await daemon.call("exportmodel", .string(whole), "q8_0")
        let good = try await Programs.run("flowchat", ["-m", whole, "-p", "Q: What is 1 + 1?", "-n", "8", "--temp", "0"])
        #expect(good.status == 0, "\(good.errors)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: whole))
        for length in [0, 3, 24, 1_000, bytes.count / 2, bytes.count - 1] {
            let cut = folder.folder("cut-\(length).gguf")
            try bytes.prefix(length).write(to: URL(fileURLWithPath: cut))
            expect(try await Programs.run("flowchat", ["-m", cut, "-p", "Hello"]), names: "cut-\(length).gguf")
        }
        expect(try await Programs.run("flowcoin-cli", daemon.clientArguments + ["exportmodel", "/nowhere/model.gguf", "f16"]), names: "/nowhere")
        try await daemon.stop()
    }
}
