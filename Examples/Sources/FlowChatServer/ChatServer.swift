public import FlowGGUF
import FlowHTTP
import FlowModel
import Foundation

/// The OpenAI interface and a page in front of a model.
public final class ChatServer: Sendable {
    /// The port that is listened on.
    public var port: Int { http.port }

    private let http: HTTPServer
    private let router: Router
    private let keeper: ModelKeeper
    private let scheduler: AnswerScheduler
    private let settings: ChatServerSettings

    /// Listens at once and answers 503 until ``load()`` has returned.
    ///
    /// - Parameter report: takes lines for the operator.
    /// - Throws: ``ServerError`` when the settings do not fit each other or the address cannot be listened on.
    public init(_ settings: ChatServerSettings, report: @escaping @Sendable (String) -> Void) async throws {
        try settings.check()
        let metrics = Metrics()
        keeper = ModelKeeper(
            path: settings.modelPath, name: settings.modelName, context: settings.context, maps: settings.mapsModel,
            threads: settings.threads, metrics: metrics, report: report)
        scheduler = AnswerScheduler(
            parallel: settings.parallel, queueLimit: settings.queueLimit, threads: settings.threads, metrics: metrics)
        let router = Router(settings: settings, keeper: keeper, scheduler: scheduler, metrics: metrics)
        self.router = router
        self.settings = settings
        var http = HTTPServerSettings()
        http.bodyLength = settings.bodyLimit
        do {
            self.http = try await HTTPServer([HTTPEndpoint(host: settings.host, port: settings.port)], settings: http, service: router)
        } catch {
            throw ServerError("\(error); choose another with --port or --host")
        }
        router.connections = { [http = self.http] in http.connections }
    }

    /// Loads the model; blocks. Then follows its file if the settings say so.
    public func load() throws(GGUFError) {
        try keeper.load()
        if let interval = settings.followInterval { keeper.follow(every: interval) }
    }

    /// Takes no more requests and waits for answers that are being made, at most `limit`.
    public func stop(waiting limit: Duration) async {
        await http.stopListening()
        scheduler.stop()
        let end = ContinuousClock.now + limit
        while scheduler.load.active > 0, .now < end { try? await Task.sleep(for: .milliseconds(20)) }
        // What was written last is on its way.
        await http.stop(waiting: .milliseconds(500))
    }
}
