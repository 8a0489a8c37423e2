import FlowGGUF
import FlowModel
import FlowTensor
import Foundation
import Synchronization

/// A loaded model with the sessions that answer for it.
final class ServedModel: Sendable {
    /// Its name in the interface.
    let name: String
    let model: InferenceModel
    /// Most tokens of a conversation.
    let capacity: Int
    let created: Int
    private let pool: ThreadPool
    private let idle = Mutex<[InferenceSessionBox]>([])

    /// A token of a smaller model takes less time than handing parts of it to other threads.
    static let splitBytes = 4 << 20

    init(name: String, model: InferenceModel, context: Int?, threads: ThreadPool) {
        self.name = name
        self.model = model
        capacity = context ?? min(model.configuration.contextLength, 32_768)
        created = Int(Date().timeIntervalSince1970)
        pool = model.activeByteCount >= Self.splitBytes ? threads : .single
    }

    /// Whether one answer keeps all threads busy.
    var usesAllThreads: Bool { pool.threads > 1 }

    /// The session that knows most of `prompt`, if that is worth it; otherwise a new one, or the one unused for longest.
    ///
    /// - Parameter limit: sessions at once, those in use included.
    func takeSession(for prompt: [Int], limit: Int, inUse: Int) -> InferenceSessionBox {
        let found: InferenceSessionBox? = idle.withLock { idle in
            let known = idle.map { $0.session.commonPrefix(with: prompt) }
            if let best = known.indices.max(by: { known[$0] < known[$1] }), 2 * known[best] >= prompt.count {
                return idle.remove(at: best)
            }
            return idle.count + inUse < limit || idle.isEmpty ? nil : idle.removeFirst()
        }
        return found ?? InferenceSessionBox(InferenceSession(model: model, capacity: capacity, pool: pool))
    }

    func giveBack(_ session: InferenceSessionBox) { idle.withLock { $0.append(session) } }

    /// What `/v1/models` says.
    var json: JSON {
        let c = model.configuration
        let bytes = model.file.tensors.reduce(0) { $0 + $1.byteCount }
        let parameters = model.file.tensors.reduce(0) { $0 + $1.dimensions.reduce(1, *) }
        var facts: [String: JSON] = [
            "name": c.name.map { .string($0) } ?? .null, "architecture": .string(c.architecture.rawValue),
            "layers": .integer(c.layerCount), "embedding_length": .integer(c.embeddingLength),
            "experts": .integer(c.expertCount), "experts_per_token": .integer(c.expertsPerToken),
            "vocabulary_size": .integer(c.vocabularySize), "context_length": .integer(capacity),
            "bytes": .integer(Int(bytes)), "parameters": .integer(Int(parameters)),
        ]
        let metadata = model.file.metadata
        facts["chain_network"] = metadata["flowcoin.network"]?.string.map { .string($0) }
        facts["chain_height"] = metadata["flowcoin.height"]?.integer.map { .integer($0) }
        facts["chain_block_hash"] = metadata["flowcoin.block_hash"]?.string.map { .string($0) }
        facts["chain_model_root"] = metadata["flowcoin.model_root"]?.string.map { .string($0) }
        return [
            "id": .string(name), "object": "model", "created": .integer(created), "owned_by": "flowchat", "meta": .object(facts),
        ]
    }
}

/// A session, which only the thread that took it touches.
final class InferenceSessionBox: @unchecked Sendable {
    let session: InferenceSession
    init(_ session: InferenceSession) { self.session = session }
}
