import FlowGGUF
import FlowModel
import FlowTensor
import Foundation
import Synchronization

/// Loads the model, and on request each newer one that takes the file's place.
final class ModelKeeper: Sendable {
    private let path: String
    private let name: String
    private let context: Int?
    private let maps: Bool
    private let threads: ThreadPool
    private let metrics: Metrics
    private let report: @Sendable (String) -> Void
    private let served = Mutex<ServedModel?>(nil)
    private let stamp = Mutex<FileStamp?>(nil)

    init(
        path: String, name: String, context: Int?, maps: Bool, threads: Int, metrics: Metrics, report: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        self.name = name
        self.context = context
        self.maps = maps
        self.threads = ThreadPool(threads: threads)
        self.metrics = metrics
        self.report = report
    }

    /// The model that answers new requests; nil while the first is being loaded.
    var model: ServedModel? { served.withLock { $0 } }

    /// Loads the file as it is now. Blocks.
    func load() throws(GGUFError) {
        // The stamp is taken first: a file replaced meanwhile is seen as newer and loaded again.
        let stamp = FileStamp(path: path)
        let file = try maps ? GGUFFile(mapping: path) : read()
        let model = ServedModel(name: name, model: try InferenceModel(file: file), context: context, threads: threads)
        self.stamp.withLock { $0 = stamp }
        served.withLock { $0 = model }
    }

    /// Reads the file into memory and reports each quarter of it.
    private func read() throws(GGUFError) -> GGUFFile {
        var reported = (path: "", quarter: 0)
        return try GGUFFile(reading: path) { path, done, length in
            let quarter = done * 4 / length
            guard quarter > 0, (path, quarter) != reported else { return }
            reported = (path, quarter)
            report("read \(25 * quarter) % of \(path), \(length >> 20) MiB")
        }
    }

    /// Looks every `interval` whether the file was replaced, on a thread of its own. Running answers end on the model they began with.
    func follow(every interval: Duration) {
        let thread = Thread { [self] in
            var refused: FileStamp?
            while true {
                Thread.sleep(forTimeInterval: interval / .seconds(1))
                guard let now = FileStamp(path: path), now != stamp.withLock({ $0 }), now != refused else { continue }
                do throws(GGUFError) {
                    try load()
                    metrics.countReload(failed: false)
                    let height = model?.model.file.metadata["flowcoin.height"]?.integer
                    report("took the newer model" + (height.map { " of block \($0)" } ?? ""))
                } catch {
                    refused = now
                    metrics.countReload(failed: true)
                    report("the newer file is no usable model, the one before stays: \(error)")
                }
            }
        }
        thread.name = "flowchat.follow"
        thread.start()
    }
}

/// What changes when a file is replaced or rewritten.
struct FileStamp: Equatable {
    var inode: UInt64
    var size: Int64
    var seconds: Int
    var nanoseconds: Int

    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
        #else
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        #endif
    }
}
