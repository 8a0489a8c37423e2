import FlowConsensus
import FlowCrypto
import FlowGGUF
import FlowModel
import Foundation

/// Keeps `model.gguf` in the data directory the model of the tip.
///
/// The file is replaced in one step when a new one is complete and on disk, so whoever opens it has a whole model. A new
/// tip is written as soon as the chain rests: when no block came for half a second and none is being replayed; while a
/// node catches up for longer than that, every ten minutes. Only the newest tip is written. When the disk lacks room,
/// the old file stays and a warning says so.
actor ModelFileKeeper {
    nonisolated let path: String
    private let chain: ChainService
    private let format: ExportFormat
    private let freeByteCount: @Sendable (String) -> Int?
    private let settling: Duration
    private let patience: Duration
    private let thread = BlockingThread(name: "flowcoin.model-file")
    private let cancel = CancellationFlag()
    private var task: Task<Void, Never>?

    /// What the file holds; nil when there is none.
    private(set) var file: ModelFile?
    /// Why the file is not the tip's; nil when nothing is wrong.
    private(set) var warning: NodeError?

    /// Bytes of the disk that stay free, for the chain itself.
    static let reserve = 64 << 20

    /// - Parameters:
    ///   - freeByteCount: the room on the disk of a path, if it is known
    ///   - settling: how long no new tip must come before it is written
    ///   - patience: how long a tip waits at most
    init(
        chain: ChainService, directory: String, format: ExportFormat, settling: Duration = .milliseconds(500),
        patience: Duration = .seconds(600), freeByteCount: @escaping @Sendable (String) -> Int? = ModelFileKeeper.room
    ) {
        path = directory + "/" + ModelFile.name
        self.chain = chain
        self.format = format
        self.settling = settling
        self.patience = patience
        self.freeByteCount = freeByteCount
    }

    /// Removes what a killed process left of a file, looks at the file that is there, and begins.
    func start() async {
        let path = path
        file = await thread.run {
            Self.removeLeftovers(path)
            return ModelFile(path: path)
        }
        let events = chain.events()
        task = Task { [weak self] in
            await self?.update()
            for await event in events {
                guard case .tip = event else { continue }
                await self?.update()
            }
        }
    }

    /// Ends a write that is going on; the file stays as it was before it.
    func stop() async {
        cancel.cancel()
        task?.cancel()
        await task?.value
    }

    /// Unfinished files are the sink's own; the directory is locked, so nobody is writing one.
    static func removeLeftovers(_ path: String) {
        let url = URL(fileURLWithPath: path), folder = url.deletingLastPathComponent()
        let prefix = GGUFFileSink.temporaryPrefix(of: url.lastPathComponent)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] where name.hasPrefix(prefix) {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
    }

    static func room(_ path: String) -> Int? {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }

    /// Waits until the chain rests and writes its tip, unless the file holds it already.
    private func update() async {
        let begin = ContinuousClock.now
        do {
            var tip = await chain.tip()
            while !isCurrent(tip) {
                try await Task.sleep(for: settling)
                let next = await chain.tip()
                let rests = next.hash == tip.hash ? await !chain.isReplaying : false
                if rests || ContinuousClock.now - begin > patience {
                    try await write()
                    return
                }
                tip = next
            }
        } catch is CancellationError {
        } catch {
            note(error)
        }
    }

    private func isCurrent(_ tip: BlockIndexEntry) -> Bool { file?.blockHash == tip.hash && file?.format == format }

    private func write() async throws {
        let (tip, weights) = await chain.modelSnapshot()
        let export = chain.modelExport(of: tip, configuration: weights.configuration, format: format)
        let (path, cancel, freeByteCount) = (path, cancel, freeByteCount)
        file = try await thread.run {
            try cancel.check()
            let needed = try export.header().fileByteCount() + Self.reserve
            if let free = freeByteCount(path), free < needed {
                throw NodeError(
                    .diskFull,
                    "\(path) stays at an older block: \(needed >> 20) MiB of room are needed to replace it, \(free >> 20) MiB are there; free some space, or choose a smaller format or none with -modelexport")
            }
            do {
                try export.write(weights, toFile: path, isCancelled: { cancel.isCancelled })
            } catch GGUFError.cancelled {
                throw CancellationError()
            }
            return ModelFile(path: path)
        }
        warning = nil
        if let file { chain.send(.modelFile(file)) }
    }

    private func note(_ error: any Error) {
        let error = error as? NodeError ?? NodeError(.export, "\(path) cannot be replaced and stays at an older block", cause: error)
        if error.code == .stopped { return }
        warning = error
        chain.send(.warning(error))
    }
}
