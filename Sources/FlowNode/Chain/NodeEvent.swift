public import FlowConsensus
public import FlowCrypto

/// What happens in a node, in order.
public enum NodeEvent: Sendable {
    /// A block joined the tip's chain; its transactions are confirmed.
    case connected(hash: Hash256, height: BlockHeight)
    /// A block left the tip's chain; its transactions are unconfirmed again.
    case disconnected(hash: Hash256, height: BlockHeight)
    /// All changes up to this tip are done. Listeners that only follow the tip need no other event.
    case tip(hash: Hash256, height: BlockHeight)
    /// The tip moved to another branch: `depth` blocks were left. Comes before the `tip` event.
    case reorganised(from: Hash256, to: Hash256, depth: Int)
    /// A transaction entered the mempool. Arrivals and departures are numbered together, from 1; `returns` says that it stood in a block that was left.
    case transaction(Transaction, txid: Hash256, number: UInt64, returns: Bool)
    /// A transaction left the mempool without being confirmed.
    case dropped(Hash256, number: UInt64)
    /// A block may be passed on: its cheap checks and its first training step are right.
    case relayable(hash: Hash256)
    /// A block's fate is known.
    case judged(hash: Hash256, fate: BlockFate)
    /// `model.gguf` in the data directory holds a new model.
    case modelFile(ModelFile)
    /// Something does not work, and the node goes on without it.
    case warning(NodeError)
    /// The node cannot go on, for example because the disk is full. What is stored is whole.
    case fault(NodeError)
}
