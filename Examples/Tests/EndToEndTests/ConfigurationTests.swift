import Foundation
import Testing

import ProgramSupport

@Suite struct ConfigurationTests {
    private static let form = OptionForm(flags: ["daemon", "nolisten"], switches: ["debug"])

    @Test(arguments: [
        (["-regtest=1", "--daemon", "-port=1"], ["-regtest", "-daemon", "-port=1"]), (["-regtest=0", "-nodaemon"], []), (["-noregtest=0"], ["-regtest"]),
        (["-listen=0"], ["-nolisten"]), (["-listen=1", "-listen"], []), (["-nolisten"], ["-nolisten"]), (["-chain=regtest"], ["-regtest"]),
        (["-chain=test"], ["-testnet"]), (["-chain=main"], []), (["-?"], ["--help"]), (["-version"], ["--version"]),
        (["-daemon", "-daemon=0"], []), (["-listen=0", "-listen"], []), (["-regtest", "-chain=main"], []), (["-nodaemon", "--daemon=1"], ["-daemon"]),
        (["-debug", "-daemon"], ["-debug=1", "-daemon"]), (["-nodebug"], ["-debug=0"]), (["-debug=net", "-debug=0"], ["-debug=net", "-debug=0"]),
        (["-datadir", "a b", "-port", "7", "getblock", "-port", "8"], ["-datadir=a b", "-port=7", "getblock", "-port", "8"]), (["-debug", "getblock"], ["-debug=1", "getblock"]),
        (["-port", "-daemon"], ["-port", "-daemon"]), (["-port"], ["-port"]), (["-daemon", "getblock"], ["-daemon", "getblock"]),
        (["-unknown=x"], ["-unknown=x"]), (["getblock", "-regtest=1"], ["getblock", "-regtest=1"]), (["-", "-daemon=1"], ["-", "-daemon=1"]),
    ] as [([String], [String])])
    func wordsAsBitcoindTakesThem(_ given: [String], _ expected: [String]) throws {
        #expect(try Self.form.words(given) == expected)
    }

    @Test(arguments: ["-chain=moon", "-daemon=2", "-regtest=yes"])
    func wordsThatMeanNothing(_ word: String) {
        #expect(throws: ProgramError.self) { try Self.form.words([word]) }
    }

    private func file(_ text: String, in folder: URL, _ name: String = "flowcoin.conf") throws -> String {
        let url = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("flow-conf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func sectionsAndIncludes() throws {
        try withFolder { folder in
            _ = try file("par=2\n", in: folder, "more.conf")
            let path = try file(
                "# a comment\nregtest=1\r\nport=1 # for mainnet alone\nincludeconf=more.conf\ndaemon=1\nregtest.rpcport=5\n[test]\nport=2\n[regtest]\nport = 3\nlisten=0\n", in: folder)
            let configuration = try ConfigurationFile(path: path)
            #expect(try configuration.words(Self.form, network: nil) == ["-regtest", "-daemon", "-rpcport=5", "-port=3", "-nolisten", "-par=2"])
            #expect(try configuration.words(Self.form, network: "test") == ["-daemon", "-port=2", "-par=2"])
            #expect(try configuration.words(Self.form, network: "main") == ["-port=1", "-daemon", "-par=2"])
            #expect(try configuration.words(Self.form, network: "regtest", known: ["rpcport"]) == ["-rpcport=5"])
            // The command line has the last word, and its values may stand behind a space.
            let last = try ProgramArguments.all(["-datadir", folder.path, "-listen", "-daemon=0", "-conf", "flowcoin.conf", "getblock"], Self.form)
            #expect(last == ["-regtest", "-rpcport=5", "-port=3", "-par=2", "-datadir=\(folder.path)", "getblock"])
            #expect(try ProgramArguments.all(["-datadir=\(folder.path)", "-chain=main"], Self.form) == ["-port=1", "-daemon", "-par=2", "-datadir=\(folder.path)"])
            let all = try ProgramArguments.all(["-datadir=\(folder.path)", "-par=7", "getblock", "-conf=x"], Self.form)
            #expect(all == ["-regtest", "-daemon", "-rpcport=5", "-port=3", "-nolisten", "-par=2", "-datadir=\(folder.path)", "-par=7", "getblock", "-conf=x"])
        }
    }

    @Test(arguments: ["port", "-port=1", "=1", "[moon]", "daemon=2", "includeconf=missing.conf", "includeconf=flowcoin.conf"])
    func linesThatMeanNothing(_ line: String) throws {
        try withFolder { folder in
            let path = try file("par=1\n\(line)\n", in: folder)
            do {
                _ = try ConfigurationFile(path: path).words(Self.form, network: nil)
                Issue.record("taken: \(line)")
            } catch let error as ProgramError {
                #expect(error.description.contains("conf"), "names the file: \(error)")
            }
        }
        #expect(throws: ProgramError.self) { try ProgramArguments.all(["-conf=/nowhere/flowcoin.conf"], Self.form) }
    }
}
