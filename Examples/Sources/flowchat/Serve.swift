import ArgumentParser
import FlowChatServer
import FlowGGUF
import Foundation

/// `flowchat serve`
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer over HTTP: the OpenAI interface, and a page for the browser.",
        discussion: """
            Listens on this machine only, unless --host says otherwise; other machines need a key then. Documentation/Chat.md \
            lists the addresses, /openapi.json describes them.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "The port to listen on; 0 for any that is free.")
    var port: Int = 8080

    @Option(help: "The address to listen on.")
    var host: String = "127.0.0.1"

    @Option(help: "A key that clients must send; FLOWCHAT_API_KEY in the environment does the same and no other user sees it.")
    var apiKey: String?

    @Option(help: "A further name by which clients may call the server, for a proxy on this machine; may be given several times.")
    var hostName: [String] = []

    @Option(help: "The model's name for clients; the file's by default.")
    var alias: String?

    @Option(help: "Answers made at once, each with a context of its own.")
    var parallel: Int = 8

    @Option(help: "Answers that may wait; above that clients are told to come back.")
    var queue: Int = 128

    @Option(help: "Most KiB of a request's body.")
    var bodyLimit: Int = 4096

    @Flag(help: "Take each newer model that replaces the file, as a node does after each block.")
    var follow = false

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port lies between 0 and 65535") }
        if !(1...1024).contains(parallel) { throw ValidationError("--parallel lies between 1 and 1024") }
        if !(0...100_000).contains(queue) { throw ValidationError("--queue lies between 0 and 100000") }
        if !(1...1_048_576).contains(bodyLimit) { throw ValidationError("--body-limit lies between 1 and 1048576 KiB") }
    }

    func run() async throws {
        var settings = ChatServerSettings(modelPath: try model.path, modelName: alias ?? model.name)
        settings.host = host
        settings.port = port
        settings.apiKey = apiKey ?? ProcessInfo.processInfo.environment["FLOWCHAT_API_KEY"]
        settings.hostNames = hostName
        settings.context = model.context
        settings.mapsModel = !model.readsFile
        settings.threads = model.threadCount
        settings.parallel = parallel
        settings.queueLimit = queue
        settings.bodyLimit = bodyLimit << 10
        settings.followInterval = follow ? .seconds(2) : nil

        let signals = EndSignals()
        let server: ChatServer
        do { server = try await ChatServer(settings, report: standardError) } catch let error as ServerError {
            throw Failure(error.description)
        }
        let name = host.contains(":") ? "[\(host)]" : host
        standardError("flowchat listens on http://\(name):\(server.port)/, loading \(settings.modelPath)")
        let path = settings.modelPath
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                do throws(GGUFError) {
                    try server.load()
                    continuation.resume()
                } catch { continuation.resume(throwing: Failure("cannot use '\(path)': \(error)")) }
            }
        }
        standardError("flowchat is ready: \(settings.modelName)\(follow ? ", following the file" : "")")
        await signals.first()
        standardError("flowchat ends; once more to end at once")
        await server.stop(waiting: .seconds(10))
    }
}
