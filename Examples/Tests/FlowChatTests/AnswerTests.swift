import FlowGGUF
import FlowModel
import Foundation
import Testing

/// What answers contain, and what happens around them.
@Suite(.serialized) struct AnswerTests {
    private let chat = "/v1/chat/completions"
    private let hello = #""messages":[{"role":"user","content":"Hello"}]"#

    /// Answers recorded from another server: ours have at least their members, of the same kinds.
    @Test func shapesAreThoseOfTheRecordedAnswers() async throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../../Tests/Vectors/chat/llama_cpp_server_0.3.36_transcripts.json").standardized
        let entries = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
        let server = try await ChatProcess()
        // That server takes these and ours does not; what it answers to other mistakes is 500.
        let refused: Set = [
            "chat n=0 max_tokens", "chat max_tokens negative", "chat temperature too high", "chat temperature negative",
            "chat messages missing", "chat messages empty",
        ]
        var compared = 0
        for entry in entries {
            let name = entry["name"] as? String ?? ""
            let request = try #require(entry["request"] as? [String: Any]), response = try #require(entry["response"] as? [String: Any])
            let theirs = try #require(response["status"] as? Int)
            var body = request["raw"] as? String
            if var json = request["json"] as? [String: Any] {
                json["model"] = nil
                body = String(decoding: try JSONSerialization.data(withJSONObject: json), as: UTF8.self)
            }
            let type = name == "wrong content type" ? "text/plain" : "application/json"
            let ours = try await server.ask(
                try #require(request["method"] as? String), try #require(request["path"] as? String), body, headers: ["Content-Type": type])
            if theirs == 500 || refused.contains(name) {
                #expect((400..<500).contains(ours.status), "\(name): \(ours.text)")
            } else {
                #expect(ours.status == theirs, "\(name): \(ours.text)")
            }
            guard theirs == 200, ours.status == 200 else { continue }
            if let text = response["text"] as? String {
                #expect(ours.headers["content-type"] == response["content_type"] as? String)
                let events = Reply(status: 200, headers: [:], body: Data(text.utf8)).events
                #expect(ours.events.last == "[DONE]" && events.last == "[DONE]")
                // The recorded server does not know `stream_options`; ours ends with OpenAI's usage event, whose choices are empty.
                let answers = ours.events.dropLast().filter { Reply.at("choices.0", try? json($0)) != nil }
                for (index, pair) in [(ours.events.first, events.first), (answers.last, events.dropLast().last)].enumerated() {
                    try compare(json(pair.0), json(pair.1), "\(name), event \(index)")
                }
            } else {
                compare(ours.json, response["json"], name)
            }
            compared += 1
        }
        #expect(compared >= 12)
    }

    private func json(_ text: String?) throws -> Any { try JSONSerialization.jsonObject(with: Data((text ?? "").utf8)) }

    private func compare(_ ours: Any?, _ theirs: Any?, _ place: String) {
        if let theirs = theirs as? [String: Any] {
            let ours = ours as? [String: Any]
            for (key, value) in theirs where key != "permissions" {
                #expect(ours?[key] != nil, "\(place).\(key) is missing")
                compare(ours?[key], value, "\(place).\(key)")
            }
        } else if let theirs = theirs as? [Any] {
            guard let first = theirs.first else { return }
            compare((ours as? [Any])?.first, first, place + "[0]")
        } else if theirs is String {
            #expect(ours is String, "\(place)")
        } else if theirs is NSNumber {
            #expect(ours is NSNumber, "\(place)")
        }
    }

    @Test func aStreamIsTheWholeAnswerInPieces() async throws {
        let server = try await ChatProcess()
        for seed in 1...5 {
            let parameters = "\(hello),\"max_tokens\":60,\"seed\":\(seed),\(endless)"
            let whole = try await server.post(chat, "{\(parameters)}")
            let stream = try await server.post(chat, "{\(parameters),\"stream\":true}")
            let pieces = stream.events.dropLast().compactMap { Reply.at("choices.0.delta.content", try? json($0)) as? String }
            #expect(pieces.joined() == whole.at("choices.0.message.content") as? String)
            #expect(pieces.count > 10)
            #expect(stream.headers["transfer-encoding"] == "chunked")
        }
    }

    @Test func aConversationIsNotReadAgain() async throws {
        let server = try await ChatProcess()
        let message = String(repeating: "Tell me about blocks. ", count: 6)
        let first = try await server.post(
            chat, #"{"messages":[{"role":"user","content":"\#(message)"}],"max_tokens":30,"seed":1,"logit_bias":{"65":100}}"#)
        let text = try #require(first.at("choices.0.message.content") as? String)
        // Another conversation in between takes another session.
        _ = try await server.post(chat, #"{"messages":[{"role":"user","content":"Something else, and rather long so that little is common."}],"max_tokens":3}"#)
        let next = #"{"messages":[{"role":"user","content":"\#(message)"},{"role":"assistant","content":"\#(text)"},{"role":"user","content":"Go on"}],"max_tokens":3}"#
        let second = try await server.post("/v1/chat/completions", next)
        let known = try #require(second.at("usage.prompt_tokens_details.cached_tokens") as? Int)
        let prompt = try #require(first.at("usage.prompt_tokens") as? Int)
        #expect(known >= prompt && second.status == 200)
    }

    @Test func aClientThatLeavesStopsItsAnswer() async throws {
        let server = try await ChatProcess(["--context", "200000", "--parallel", "1"])
        for stream in [true, false] {
            let before = try await server.metric(#"answers_total{reason="cancelled"}"#)
            let body = "{\(hello),\"stream\":\(stream),\(endless)}"
            await #expect(throws: Program.Fault.self, performing: {
                // curl leaves after a moment; whole answers have not even begun to come then.
                let reply = try await server.ask("POST", chat, body, options: ["--max-time", "0.5"])
                #expect(!reply.events.contains("[DONE]"))
                throw Program.Fault(text: "left")
            })
            try await server.wait("the answer's end") { try await server.metric("answers_active") == 0 }
            #expect(try await server.metric(#"answers_total{reason="cancelled"}"#) == before + 1)
        }
        // One that waits for its turn is forgotten without having begun.
        let short = "{\(hello),\"max_tokens\":2}"
        #expect(try await server.post(chat, short).status == 200)
    }

    /// What the check of the page in `Tests/Compatibility` stands on: no answer of that model ends by itself.
    @Test func theEndlessModelDrawsNoEnd() async throws {
        let folder = try Folder()
        try ChatModel.write(to: folder.file("endless.gguf"), endless: true)
        let server = try await ChatProcess(model: folder.file("endless.gguf"))
        for temperature in ["0", "0.8", "2"] {
            let reply = try await server.post(chat, "{\(hello),\"max_tokens\":3000,\"temperature\":\(temperature),\"seed\":1}")
            #expect(reply.at("choices.0.finish_reason") as? String == "length" && reply.at("usage.completion_tokens") as? Int == 3000, "\(temperature)")
        }
    }

    @Test func aFullQueueSaysSo() async throws {
        let server = try await ChatProcess(["--context", "200000", "--parallel", "1", "--queue", "1"])
        let body = "{\(hello),\(endless)}"
        let holders = (0..<2).map { _ in Task { try? await server.ask("POST", chat, body, options: ["--max-time", "4"]) } }
        try await server.wait("a full queue") { try await server.metric("queue_length") == 1 }
        let refused = try await server.post(chat, body)
        #expect(refused.status == 429 && refused.headers["retry-after"] == "1" && refused.at("error.code") as? String == "queue_full")
        for holder in holders { _ = await holder.value }
        try await server.wait("an empty server") { try await server.metric("answers_active") + server.metric("queue_length") == 0 }
        #expect(try await server.post(chat, "{\(hello),\"max_tokens\":2}").status == 200)
    }

    @Test func longBodiesAreRefused() async throws {
        let server = try await ChatProcess(["--body-limit", "64"])
        let fits = #"{"content":"\#(String(repeating: "a", count: 65_000))"}"#
        #expect(try await server.post("/tokenize", fits).status == 200)
        let long = #"{"content":"\#(String(repeating: "a", count: 1 << 20))"}"#
        let refused = try await server.post("/tokenize", long)
        #expect(refused.status == 413 && refused.headers["connection"] == "close")
        let chunked = try await server.ask("POST", "/tokenize", long, headers: ["Content-Type": "application/json", "Transfer-Encoding": "chunked"])
        #expect(chunked.status == 413)
        #expect(try await server.ask("GET", "/health").status == 200)
    }

    @Test func theNewestModelIsFollowed() async throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.file("regtest"), withIntermediateDirectories: true)
        let path = folder.file("regtest/model.gguf")
        func write(_ height: UInt32, _ target: String) throws {
            try ChatModel.write(to: target, seed: UInt64(height), metadata: [("flowcoin.height", .uint32(height)), ("flowcoin.model_root", .string("00ff"))])
        }
        try write(1, path)
        let server = try await ChatProcess(["--follow"], model: folder.path)
        func height() async throws -> Int? { try await server.ask("GET", "/v1/models").at("data.0.meta.chain_height") as? Int }
        #expect(try await height() == 1)
        #expect(try await server.ask("GET", "/v1/models").at("data.0.id") as? String == "flowcoin-regtest")
        #expect(try await server.ask("GET", "/v1/models").at("data.0.meta.chain_model_root") as? String == "00ff")
        let body = "{\(hello),\"max_tokens\":20,\"temperature\":0,\(endless)}"
        let first = try await server.post(chat, body).at("choices.0.message.content") as? String
        // An answer that runs while the model changes ends on the model that it began with.
        let long = Task { try await server.post(chat, "{\(hello),\"max_tokens\":4000,\"temperature\":0,\(endless)}") }
        try write(2, path)
        try await server.wait("the newer model") { try await height() == 2 }
        #expect(try await server.post(chat, body).at("choices.0.message.content") as? String != first)
        let whole = try await long.value.at("choices.0.message.content") as? String
        #expect(whole?.hasPrefix(try #require(first)) == true)
        // A file that is no model changes nothing.
        try Data("not a model".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        try await server.wait("the refusal") { try await server.metric("model_reload_failures_total") == 1 }
        #expect(try await height() == 2)
        #expect(try await server.post(chat, body).status == 200)
        try write(3, path)
        try await server.wait("the next model") { try await height() == 3 }
    }

    @Test func aModelThatWasReadOutlivesItsFile() async throws {
        let folder = try Folder()
        let path = folder.file("m.gguf")
        try ChatModel.write(to: path)
        let server = try await ChatProcess(["--no-mmap"], model: path)
        #expect(server.errors.contains("read 100 % of \(path)"))
        let body = "{\(hello),\"max_tokens\":20,\"temperature\":0,\(endless)}"
        let first = try await server.post(chat, body)
        #expect(first.status == 200)
        // Cut in place: a process that had it mapped would be ended.
        #expect(truncate(path, 0) == 0)
        #expect(try await server.post(chat, body).at("choices.0.message.content") as? String == first.at("choices.0.message.content") as? String)
        // A mapped model reports no reading.
        let mapped = try await ChatProcess()
        #expect(!mapped.errors.contains("read 100 %"))
    }

    /// The same answer with and without; the progress line is for terminals only.
    @Test func oneAnswerFromAModelThatWasRead() async throws {
        let folder = try Folder()
        try ChatModel.write(to: folder.file("m.gguf"))
        let arguments = ["-m", folder.file("m.gguf"), "-p", "Hello", "-n", "5", "--seed", "1"]
        let mapped = try await Program.run(Program.flowchat(), arguments)
        let read = try await Program.run(Program.flowchat(), arguments + ["--no-mmap"])
        #expect(mapped.status == 0 && read.status == 0 && !read.output.isEmpty && read.output == mapped.output)
        #expect(mapped.errors.isEmpty && read.errors.isEmpty)
        #if os(Linux)
        // `script` gives the program a terminal.
        let quoted = ([try Program.flowchat()] + arguments + ["--no-mmap"]).map { "'\($0)'" }.joined(separator: " ")
        let shown = try await Program.run("/usr/bin/script", ["-qec", quoted, "/dev/null"])
        let text = String(decoding: shown.output, as: UTF8.self)
        #expect(text.contains("\r\u{1B}[Kloading m.gguf: 100 %") && text.components(separatedBy: "\u{1B}[K").last?.hasPrefix("loading") == false)
        #endif
    }

    @Test func theEndWaitsForAnswers() async throws {
        let server = try await ChatProcess()
        let answer = Task { try await server.post(chat, "{\(hello),\"max_tokens\":800,\(endless)}") }
        try await server.wait("an answer") { try await server.metric("answers_active") == 1 }
        kill(server.process.processIdentifier, SIGTERM)
        #expect(try await answer.value.at("usage.completion_tokens") as? Int == 800)
        server.process.waitUntilExit()
        #expect(server.process.terminationStatus == 0)
    }

    @Test func whatCannotStartSaysWhy() async throws {
        let folder = try Folder()
        try ChatModel.write(to: folder.file("m.gguf"))
        try Data("GGUF".utf8).write(to: URL(fileURLWithPath: folder.file("bad.gguf")))
        let running = try await ChatProcess()
        let cases: [(arguments: [String], words: [String])] = [
            (["serve", "-m", folder.path], ["model.gguf", "-modelexport"]),
            (["serve", "-m", folder.file("bad.gguf"), "--port", "0"], ["bad.gguf"]),
            (["serve", "-m", folder.file("none.gguf"), "--port", "0"], ["none.gguf"]),
            (["serve", "-m", folder.file("m.gguf"), "--port", "\(running.port)"], ["\(running.port)", "--port"]),
            (["serve", "-m", folder.file("m.gguf"), "--host", "0.0.0.0", "--port", "0"], ["0.0.0.0", "--api-key"]),
            (["serve", "-m", folder.file("m.gguf"), "--api-key", "a b"], ["ASCII"]),
            (["serve", "-m", folder.file("m.gguf"), "--port", "70000"], ["--port"]),
            (["serve", "-m", folder.file("m.gguf"), "--parallel", "0"], ["--parallel"]),
            (["serve"], ["--model"]), (["-m", folder.path, "-p", "x"], ["model.gguf"]),
            (["-m", folder.file("m.gguf"), "--complete"], ["-p"]),
        ]
        for (arguments, words) in cases {
            let outcome = try await Program.run(Program.flowchat(), arguments)
            #expect(outcome.status != 0, "\(arguments)")
            for word in words { #expect(outcome.errors.contains(word), "expected '\(word)' for \(arguments): \(outcome.errors)") }
            #expect(!outcome.errors.contains("Fatal error"))
        }
        let once = try await Program.run(Program.flowchat(), ["-m", folder.file("m.gguf"), "-p", "Hello", "-n", "5", "--seed", "1"])
        #expect(once.status == 0 && !once.output.isEmpty)
    }
}
