import FlowModel

extension Router {
    /// The description of the whole interface, exact for the model that is loaded.
    func openAPI() throws(APIError) -> JSON {
        let model = try model()
        let hasKey = settings.apiKey != nil
        var paths: [String: JSON] = [:]
        for route in Self.routes {
            var operation = Self.operation(route, model)
            var replies = operation.replies
            replies["403"] = Self.failure("The Host or Origin header is not the server's own.")
            if hasKey, route.isProtected {
                replies["401"] = Self.failure("The key is missing or wrong.")
                operation.members["security"] = [["key": []]]
            }
            if route.method == "POST" || route.path.hasPrefix("/v1") || route.path == "/health" || route.path == "/openapi.json" {
                replies["503"] = Self.failure("The model is being loaded, or the server stops.")
            }
            operation.members["responses"] = .object(replies)
            paths[route.path] = .object([route.method.lowercased(): .object(operation.members)])
        }
        var components: [String: JSON] = ["schemas": .object(Self.schemas(model))]
        if hasKey { components["securitySchemes"] = ["key": ["type": "http", "scheme": "bearer"]] }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "flowchat", "version": "1",
                "description": "The OpenAI interface in front of a FlowCoin model. Members that are not described are ignored.",
            ],
            "paths": .object(paths), "components": .object(components),
        ]
    }

    private static func operation(_ route: Route, _ model: ServedModel) -> (members: [String: JSON], replies: [String: JSON]) {
        func json(_ schema: String, _ summary: String) -> ([String: JSON], [String: JSON]) {
            (["summary": .string(summary)], ["200": reply("Done.", ["application/json": ["schema": reference(schema)]])])
        }
        func post(_ request: String, _ answer: String, _ summary: String, streams: Bool = false) -> ([String: JSON], [String: JSON]) {
            var (members, replies) = json(answer, summary)
            members["requestBody"] = ["required": true, "content": ["application/json": ["schema": reference(request)]]]
            if streams {
                replies["200"] = reply(
                    "The answer, or with 'stream' its pieces as server-sent events.",
                    [
                        "application/json": ["schema": reference(answer)],
                        "text/event-stream": [
                            "schema": ["type": "object", "properties": ["data": ["type": "string"]], "required": ["data"]]
                        ],
                    ])
                replies["404"] = failure("There is no such model.")
                replies["429"] = failure("Too many answers are waiting.", headers: ["Retry-After"])
                replies["500"] = failure("The model gave no usable numbers.")
            }
            replies["400"] = failure("The body is not JSON, or a member of it is wrong; 'param' names it.")
            replies["413"] = failure("The body is too long.")
            replies["415"] = failure("The body is not declared as JSON.")
            return (members, replies)
        }
        switch route.path {
        case "/": return (["summary": "A page to chat on."], ["200": reply("The page.", ["text/html": ["schema": ["type": "string"]]])])
        case "/metrics":
            return (["summary": "Counters in Prometheus' format."], ["200": reply("The counters.", ["text/plain": ["schema": ["type": "string"]]])])
        case "/health": return json("Health", "Whether the model is loaded.")
        case "/openapi.json": return json("Anything", "This description.")
        case "/v1/models": return json("ModelList", "The model.")
        case "/v1/models/{model}":
            var (members, replies) = json("Model", "Facts about the model.")
            members["parameters"] = [
                [
                    "name": "model", "in": "path", "required": true,
                    "schema": ["type": "string", "enum": [.string(model.name)]],
                ]
            ]
            replies["404"] = failure("There is no such model.")
            return (members, replies)
        case "/v1/chat/completions": return post("ChatRequest", "Chat", "Answers a conversation.", streams: true)
        case "/v1/completions": return post("CompletionRequest", "Completion", "Goes on with a text.", streams: true)
        case "/tokenize": return post("TokenizeRequest", "TokenizeReply", "Text to tokens.")
        default: return post("DetokenizeRequest", "DetokenizeReply", "Tokens to text.")
        }
    }

    private static func reply(_ description: String, _ content: JSON) -> JSON {
        ["description": .string(description), "content": content]
    }

    private static func failure(_ description: String, headers: [String] = []) -> JSON {
        let reply = reply(description, ["application/json": ["schema": reference("Error")]])
        guard !headers.isEmpty else { return reply }
        return reply.merging(["headers": .object(Dictionary(headers.map { ($0, ["schema": ["type": "string"]]) }) { $1 })])
    }

    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }
}
