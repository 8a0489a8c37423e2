import Foundation
import Testing

/// Every address, with what it takes and what it refuses.
@Suite(.serialized) struct RouteTests {
    private let chat = "/v1/chat/completions"
    private let hello = #""messages":[{"role":"user","content":"Hello"}]"#

    @Test func addressesAnswer() async throws {
        let server = try await ChatProcess()
        let health = try await server.ask("GET", "/health")
        #expect(health.status == 200 && health.at("status") as? String == "ok")
        let models = try await server.ask("GET", "/v1/models")
        #expect(models.at("data.0.id") as? String == "small")
        #expect(models.at("data.0.meta.context_length") as? Int == 4096)
        #expect(try await server.ask("GET", "/v1/models/small").at("object") as? String == "model")
        let tokens = try await server.post("/tokenize", #"{"content":"Aé","add_special":true}"#)
        #expect(tokens.at("tokens") as? [Int] == [256, 65, 0xC3, 0xA9])
        #expect(try await server.post("/tokenize", #"{"content":"A","with_pieces":true}"#).at("tokens.0.piece") as? String == "A")
        #expect(try await server.post("/detokenize", #"{"tokens":[256,65,195,169]}"#).at("content") as? String == "Aé")
        let answer = try await server.post(chat, "{\(hello),\"max_tokens\":5,\(endless)}")
        #expect(answer.status == 200 && answer.at("usage.completion_tokens") as? Int == 5)
        #expect(answer.at("choices.0.finish_reason") as? String == "length")
        let completion = try await server.post("/v1/completions", #"{"prompt":"","echo":true,"max_tokens":0}"#)
        #expect(completion.status == 200 && completion.at("choices.0.text") as? String == "")
        let metrics = try await server.ask("GET", "/metrics")
        #expect(metrics.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
        #expect(metrics.text.contains(#"flowchat_requests_total{route="/v1/chat/completions",method="POST",status="200"} 1"#))
        #expect(metrics.text.contains("flowchat_time_to_first_token_seconds_count 1"))
        #expect(metrics.text.hasSuffix("\n"))
        let page = try await server.ask("GET", "/")
        #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        #expect(!page.text.contains("NONCE") && !page.text.contains("http://") && !page.text.contains("https://"))
        let head = try await server.ask("HEAD", "/health")
        #expect(head.status == 200 && head.body.isEmpty && head.headers["content-length"] == "\(health.body.count)")
        let description = try await server.ask("GET", "/openapi.json")
        let paths = try #require(description.at("paths") as? [String: Any])
        #expect(Set(paths.keys) == [
            "/", "/health", "/metrics", "/openapi.json", "/v1/models", "/v1/models/{model}", chat, "/v1/completions", "/tokenize",
            "/detokenize",
        ])
    }

    @Test func mistakesAreNamed() async throws {
        let server = try await ChatProcess()
        let completions = "/v1/completions"
        let cases: [(path: String, body: String, status: Int, parameter: String?, code: String)] = [
            (chat, "{", 400, nil, "invalid_json"), (chat, "", 400, nil, "invalid_json"), (chat, "[]", 400, nil, "invalid_value"),
            (chat, "\u{0}\u{1}", 400, nil, "invalid_json"), (chat, #"{"model":"small"}"#, 400, "messages", "missing_required_parameter"),
            (chat, #"{"messages":{}}"#, 400, "messages", "invalid_value"),
            (chat, #"{"messages":[1]}"#, 400, "messages[0]", "invalid_value"),
            (chat, #"{"messages":[{"content":"x"}]}"#, 400, "messages[0].role", "missing_required_parameter"),
            (chat, #"{"messages":[{"role":"tool","content":"x"}]}"#, 400, "messages[0].role", "invalid_value"),
            (chat, #"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#, 400, "messages[0].content[0].type", "invalid_value"),
            (chat, "{\(hello),\"model\":\"gpt-4o\"}", 404, "model", "model_not_found"),
            (chat, "{\(hello),\"model\":7}", 400, "model", "invalid_value"),
            (chat, "{\(hello),\"temperature\":2.1}", 400, "temperature", "invalid_value"),
            (chat, "{\(hello),\"temperature\":true}", 400, "temperature", "invalid_value"),
            (chat, "{\(hello),\"top_p\":-0.1}", 400, "top_p", "invalid_value"),
            (chat, "{\(hello),\"min_p\":1.5}", 400, "min_p", "invalid_value"),
            (chat, "{\(hello),\"top_k\":-1}", 400, "top_k", "invalid_value"),
            (chat, "{\(hello),\"top_k\":1.5}", 400, "top_k", "invalid_value"),
            (chat, "{\(hello),\"repetition_penalty\":0}", 400, "repetition_penalty", "invalid_value"),
            (chat, "{\(hello),\"presence_penalty\":3}", 400, "presence_penalty", "invalid_value"),
            (chat, "{\(hello),\"frequency_penalty\":-3}", 400, "frequency_penalty", "invalid_value"),
            (chat, "{\(hello),\"max_tokens\":0}", 400, "max_tokens", "invalid_value"),
            (chat, "{\(hello),\"max_completion_tokens\":-5}", 400, "max_completion_tokens", "invalid_value"),
            (chat, "{\(hello),\"n\":9}", 400, "n", "invalid_value"), (chat, "{\(hello),\"seed\":\"x\"}", 400, "seed", "invalid_value"),
            (chat, "{\(hello),\"stop\":[\"\"]}", 400, "stop", "invalid_value"), (chat, "{\(hello),\"stop\":7}", 400, "stop", "invalid_value"),
            (chat, "{\(hello),\"stream\":\"yes\"}", 400, "stream", "invalid_value"),
            (chat, "{\(hello),\"stream_options\":{\"include_usage\":1}}", 400, "stream_options.include_usage", "invalid_value"),
            (chat, "{\(hello),\"logit_bias\":{\"258\":1}}", 400, "logit_bias", "invalid_value"),
            (chat, "{\(hello),\"logit_bias\":{\"07\":1}}", 400, "logit_bias", "invalid_value"),
            (chat, "{\(hello),\"logit_bias\":{\"7\":101}}", 400, "logit_bias", "invalid_value"),
            (chat, "{\(hello),\"top_logprobs\":21}", 400, "top_logprobs", "invalid_value"),
            (chat, "{\(hello),\"tools\":[]}", 400, "tools", "unsupported_parameter"),
            (chat, "{\(hello),\"response_format\":{\"type\":\"json_object\"}}", 400, "response_format.type", "unsupported_parameter"),
            (completions, "{}", 400, "prompt", "missing_required_parameter"),
            (completions, #"{"prompt":[]}"#, 400, "prompt", "invalid_value"),
            (completions, #"{"prompt":[258]}"#, 400, "prompt", "invalid_value"),
            (completions, #"{"prompt":[1,"a"]}"#, 400, "prompt", "invalid_value"),
            (completions, #"{"prompt":"x","suffix":"y"}"#, 400, "suffix", "unsupported_parameter"),
            (completions, #"{"prompt":"x","logprobs":true}"#, 400, "logprobs", "invalid_value"),
            (completions, #"{"prompt":"\#(String(repeating: "x", count: 4096))"}"#, 400, "prompt", "context_length_exceeded"),
            ("/tokenize", "{}", 400, "content", "missing_required_parameter"),
            ("/detokenize", #"{"tokens":[-1]}"#, 400, "tokens", "invalid_value"),
            ("/nowhere", "{}", 404, nil, "unknown_url"), ("/v1/models", "{}", 405, nil, "method_not_allowed"),
        ]
        for (path, body, status, parameter, code) in cases {
            let reply = try await server.post(path, body)
            #expect(reply.status == status, "\(path) \(body.prefix(80)): \(reply.text)")
            #expect(reply.at("error.param") as? String == parameter, "\(body.prefix(80)): \(reply.text)")
            #expect(reply.at("error.code") as? String == code, "\(body.prefix(80)): \(reply.text)")
            #expect((reply.at("error.message") as? String)?.isEmpty == false && reply.at("error.type") is String)
        }
        let plain = try await server.ask("POST", chat, "{\(hello)}", headers: ["Content-Type": "text/plain"])
        #expect(plain.status == 415)
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let reply = try await server.ask(method, chat)
            #expect(reply.status == 405 && reply.headers["allow"] == "POST", "\(method)")
            #expect(reply.headers.keys.allSatisfy { !$0.hasPrefix("access-control") })
        }
        #expect(try await server.ask("GET", "/v1/models/other").status == 404)
        let deep = "{\"x\":" + String(repeating: "[", count: 100_000)
        #expect(try await server.post(chat, deep).at("error.code") as? String == "invalid_json")
        #expect(try await server.ask("GET", "/health").status == 200)
        #expect(try await server.metric("answers_active") == 0)
    }

    @Test func aKeyIsNeededWhereOneIsSet() async throws {
        let server = try await ChatProcess(environment: ["FLOWCHAT_API_KEY": "sk-secret"])
        func models(_ authorization: String?) async throws -> Reply {
            try await server.ask("GET", "/v1/models", headers: authorization.map { ["Authorization": $0] } ?? [:])
        }
        #expect(try await models("Bearer sk-secret").status == 200)
        #expect(try await models("bearer sk-secret").status == 200)
        for wrong in [nil, "Bearer", "Bearer ", "Bearer sk-secre", "Bearer sk-secret1", "Bearer xk-secret", "Basic sk-secret", "sk-secret"] {
            let reply = try await models(wrong)
            #expect(reply.status == 401, "\(wrong ?? "nothing")")
            #expect(reply.at("error.code") as? String == "invalid_api_key" && reply.headers["www-authenticate"] == "Bearer")
        }
        for path in ["/metrics", "/v1/nowhere"] { #expect(try await server.ask("GET", path).status == 401) }
        #expect(try await server.post(chat, "{").status == 401)
        for path in ["/", "/health", "/openapi.json"] { #expect(try await server.ask("GET", path).status == 200) }
        #expect(!server.errors.contains("sk-secret"))
    }

    @Test func otherNamesAndPagesAreRefused() async throws {
        let server = try await ChatProcess(["--host-name", "chat.home"])
        for host in ["localhost", "127.0.0.1:1", "[::1]:80", "LOCALHOST:8080", "chat.home"] {
            #expect(try await server.ask("GET", "/health", headers: ["Host": host]).status == 200, "\(host)")
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"] {
            #expect(try await server.ask("GET", "/health", headers: ["Host": host]).status == 403, "\(host)")
        }
        func from(_ origin: String) async throws -> Reply {
            try await server.ask(
                "POST", chat, "{\(hello),\"max_tokens\":1}",
                headers: ["Content-Type": "application/json", "Host": "localhost:80", "Origin": origin])
        }
        let own = try await from("http://localhost:80")
        #expect(own.status == 200 && own.headers.keys.allSatisfy { !$0.hasPrefix("access-control") })
        for origin in ["http://evil.example", "null", "http://localhost:81", "http://localhost:80.evil.example"] {
            let reply = try await from(origin)
            #expect(reply.status == 403 && reply.headers.keys.allSatisfy { !$0.hasPrefix("access-control") }, "\(origin)")
        }
    }
}
