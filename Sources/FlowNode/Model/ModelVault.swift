import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowModel
import FlowStore
import FlowTensor

/// The model on disk: one base snapshot and the integer delta of each replayed block. The weights of any block near the
/// tip are the base with deltas added or taken away, exactly.
struct ModelVault {
    /// Blocks between two base snapshots.
    static let refreshInterval: BlockHeight = 32
    /// Deltas of connected blocks that lie deeper than this below a new base are dropped.
    static let keptDepth: BlockHeight = 128
    /// Bytes of one stored piece.
    static let pieceLength = 1 << 20
    /// Pieces of a snapshot that one thread reads at a time.
    private static let runLength = 64

    let store: ChainStore
    let environment: TrainingEnvironment

    /// Which block's result the base snapshot holds.
    struct Base: Equatable {
        var generation: UInt32
        var block: Hash256
    }

    func base() throws(NodeError) -> Base? {
        guard let bytes = try store.read(StoreKey.baseMarker) else { return nil }
        var reader = ByteReader(bytes)
        do {
            let base = Base(generation: try reader.readUInt32(), block: try Hash256(from: &reader))
            try reader.finish()
            return base
        } catch {
            throw NodeError(.storeCorrupted, "the mark of the model's base snapshot does not decode; delete the data directory and let the node sync again", cause: error)
        }
    }

    // MARK: deltas

    /// Adds a block's delta to a batch.
    func put(_ delta: ModelDelta, of block: Hash256, to batch: inout WriteBatch) {
        let bytes = delta.encoded
        var piece: UInt32 = 0
        for start in stride(from: 0, to: bytes.count, by: Self.pieceLength) {
            batch.put(StoreKey.delta(block, piece: piece), Array(bytes[start..<min(start + Self.pieceLength, bytes.count)]))
            piece += 1
        }
    }

    /// The stored bytes of a block's delta (`ModelDelta.encoded`), or nil.
    func deltaBytes(of block: Hash256) throws(NodeError) -> [UInt8]? {
        let bytes = try pieces(StoreKey.delta(block))
        return bytes.isEmpty ? nil : bytes
    }

    func delta(of block: Hash256) throws(NodeError) -> ModelDelta {
        guard let bytes = try deltaBytes(of: block) else {
            throw NodeError(.storeCorrupted, "the model delta of block \(block) is missing; delete the data directory and let the node sync again")
        }
        do { return try ModelDelta(decoding: bytes) } catch {
            throw NodeError(.storeCorrupted, "the model delta of block \(block) does not decode; delete the data directory and let the node sync again", cause: error)
        }
    }

    /// Whether the deltas of all these blocks are there; looks at the lowest first.
    func holds(_ moves: [Move]) throws(NodeError) -> Bool {
        for move in moves.sorted(by: { $0.height < $1.height }) {
            var isThere = false
            try scan(StoreKey.delta(move.block), limit: 1) { _, _ in
                isThere = true
                return false
            }
            if !isThere { return false }
        }
        return true
    }

    /// The weights that the network begins with.
    func firstWeights() -> ModelState {
        ModelState(
            initialising: environment.stage(at: 0).configuration, seed: environment.parameters.training.initialisationSeed, pool: environment.pool)
    }

    func deleteDelta(of block: Hash256, in batch: inout WriteBatch) throws(NodeError) {
        for key in try keys(StoreKey.delta(block)) { batch.delete(key) }
    }

    /// Takes weights from the result of one block to that of another, exactly: back to their common ancestor, then forward.
    /// - Parameter state: changed on the way, so it belongs to nobody else
    func move(
        _ state: ModelState, from start: Hash256, to end: Hash256, in tree: BlockTree
    ) throws(NodeError) -> ModelState {
        guard let steps = Self.steps(from: start, to: end, in: tree) else {
            throw NodeError(.storeCorrupted, "blocks \(start) and \(end) are not both in the index; delete the data directory and let the node sync again")
        }
        return try move(state, steps)
    }

    /// One block to go back over or forward over.
    struct Move: Sendable {
        let block: Hash256
        let height: BlockHeight
        let forward: Bool

        init(_ block: BlockTree.Block, forward: Bool) {
            self.block = block.hash
            height = block.height
            self.forward = forward
        }
    }

    /// The way from one block to another; nil when one of them is unknown.
    static func steps(from start: Hash256, to end: Hash256, in tree: BlockTree) -> [Move]? {
        guard let fork = tree.commonAncestor(start, end), let back = tree.path(from: fork.hash, to: start),
            let ahead = tree.path(from: fork.hash, to: end)
        else { return nil }
        return back.reversed().map { Move($0, forward: false) } + ahead.map { Move($0, forward: true) }
    }

    /// - Parameter start: not changed; nil stands for the weights that the network begins with
    func move(from start: ModelState?, _ steps: [Move]) throws(NodeError) -> ModelState {
        guard let start else { return try move(firstWeights(), steps) }
        return steps.isEmpty ? start : try move(start.copy(), steps)
    }

    func move(_ state: ModelState, _ steps: [Move]) throws(NodeError) -> ModelState {
        var state = state
        for step in steps { state = try move(state, over: step) }
        return state
    }

    /// The weights on the other side of one block; `state` is changed, and is the result unless the model grows there.
    func move(_ state: ModelState, over step: Move) throws(NodeError) -> ModelState {
        let delta = try delta(of: step.block)
        let growth = environment.growth(after: step.height)
        do {
            if step.forward {
                try state.apply(delta)
                return try growth?.grown(state, pool: environment.pool) ?? state
            }
            let trained = try growth?.shrunk(state, pool: environment.pool) ?? state
            try trained.undo(delta)
            return trained
        } catch {
            throw NodeError(.storeCorrupted, "the model delta of block \(step.block) does not fit the weights; delete the data directory and let the node sync again", cause: error)
        }
    }

    // MARK: base snapshot

    /// Writes a new base snapshot beside the old one; the last batch moves the mark and drops the old one, so that at
    /// every moment one whole snapshot is marked.
    /// - Parameters:
    ///   - dropping: blocks whose deltas are no longer needed
    ///   - last: further changes for the batch that moves the mark
    func refresh(
        state: ModelState, block: Hash256, dropping: [Hash256], with last: WriteBatch = WriteBatch()
    ) throws(NodeError) {
        let old = try base()
        let generation = (old?.generation ?? 0) &+ 1
        var cleaning = WriteBatch()
        for key in try keys(StoreKey.base(generation)) { cleaning.delete(key) }
        if !cleaning.isEmpty { try store.write(cleaning) }
        var batch = WriteBatch()
        for operation in pieces(of: state).enumerated() {
            batch.put(StoreKey.base(generation, piece: UInt32(operation.offset)), operation.element)
            if batch.byteCount >= 64 << 20 {
                try store.write(batch)
                batch.removeAll()
            }
        }
        var writer = ByteWriter()
        writer.write(generation)
        block.encode(to: &writer)
        batch.put(StoreKey.baseMarker, writer.bytes)
        if let old { for key in try keys(StoreKey.base(old.generation)) { batch.delete(key) } }
        for hash in dropping { try deleteDelta(of: hash, in: &batch) }
        batch.append(last)
        try store.write(batch)
    }

    /// Reads the base snapshot, straight into the weights' memory and on all threads, and checks its root. No other check is needed: the root
    /// is that of a block whose weights this node made or checked.
    /// - Parameter height: of the base's block
    func loadBase(_ base: Base, height: BlockHeight, expectedRoot: Hash256) throws(NodeError) -> ModelState {
        let state = ModelState(environment.stage(after: height).configuration, zeroed: false)
        let pieceCount = (state.count * 4 - 1) / Self.pieceLength + 1
        try state.withUnsafeMutableElements { elements throws(NodeError) in
            // Each task writes its own bytes.
            nonisolated(unsafe) let target = UnsafeMutableRawBufferPointer(elements)
            try environment.pool.attempt((pieceCount - 1) / Self.runLength + 1) { run throws(NodeError) in
                let pieces = (run * Self.runLength)..<min((run + 1) * Self.runLength, pieceCount)
                try read(pieces, of: base, into: target)
            }
        }
        let root = state.root(pool: environment.pool)
        guard root == expectedRoot else {
            throw NodeError(
                .storeCorrupted,
                "the model's base snapshot has root \(root), the index says \(expectedRoot) for block \(base.block); delete the data directory and let the node sync again")
        }
        return state
    }

    /// The weights after the tip: the base snapshot with the deltas between its block and the tip; the root must be the one that the index has.
    func load(tree: BlockTree) throws(NodeError) -> ModelState {
        let tip = tree.tip
        guard let base = try base(), let block = tree[base.block], let baseRoot = block.resultRoot else {
            throw NodeError(.storeCorrupted, "the model's base snapshot is missing; delete the data directory and let the node sync again")
        }
        let state = try move(loadBase(base, height: block.height, expectedRoot: baseRoot), from: block.hash, to: tip.hash, in: tree)
        let root = state.root(pool: environment.pool)
        guard root == tip.resultRoot else {
            throw NodeError(
                .storeCorrupted,
                "the model has root \(root), the tip \(tip.hash) needs \(tip.resultRoot.map { "\($0)" } ?? "one that is not known"); delete the data directory and let the node sync again")
        }
        return state
    }

    // MARK: pieces

    private func pieces(of state: ModelState) -> some Sequence<[UInt8]> {
        let total = state.count * 4
        return stride(from: 0, to: total, by: Self.pieceLength).lazy.map { start in
            state.withUnsafeBytes { Array($0[start..<min(start + Self.pieceLength, total)]) }
        }
    }

    private func pieces(_ prefix: [UInt8]) throws(NodeError) -> [UInt8] {
        var bytes: [UInt8] = []
        try scan(prefix) { _, piece in
            bytes += piece
            return true
        }
        return bytes
    }

    /// Copies pieces of a base snapshot to their places among the weights' bytes.
    private func read(_ pieces: Range<Int>, of base: Base, into bytes: UnsafeMutableRawBufferPointer) throws(NodeError) {
        var next = pieces.lowerBound
        try scan(StoreKey.base(base.generation), from: StoreKey.base(base.generation, piece: UInt32(next)), limit: pieces.count) { key, piece in
            let place = (next * Self.pieceLength)..<min((next + 1) * Self.pieceLength, bytes.count)
            guard key == StoreKey.base(base.generation, piece: UInt32(next)), piece.count == place.count else { return false }
            UnsafeMutableRawBufferPointer(rebasing: bytes[place]).copyMemory(from: piece)
            next += 1
            return true
        }
        guard next == pieces.upperBound else {
            throw NodeError(
                .storeCorrupted,
                "piece \(next) of the model's base snapshot is missing or has another length; delete the data directory and let the node sync again")
        }
    }

    /// Calls `body` with the stored pieces under `prefix`, in order, until it returns false.
    private func scan(
        _ prefix: [UInt8], from: [UInt8]? = nil, limit: Int? = nil, _ body: (_ key: [UInt8], _ piece: UnsafeRawBufferPointer) -> Bool
    ) throws(NodeError) {
        do {
            try store.store.scanBytes(prefix: prefix, from: from, limit: limit, body)
        } catch let error as StoreError {
            throw NodeError(store: error)
        } catch {
            throw NodeError(.storeFailed, "the model's pieces cannot be read", cause: error)
        }
    }

    private func keys(_ prefix: [UInt8]) throws(NodeError) -> [[UInt8]] {
        do { return try store.store.entries(prefix: prefix).map(\.key) } catch { throw NodeError(store: error) }
    }
}
