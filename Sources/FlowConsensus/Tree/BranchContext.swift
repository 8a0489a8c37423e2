import FlowCrypto

/// The branch of a `BlockTree` that a block builds on, as the rules see it.
struct BranchContext: ChainContext {
    let tree: BlockTree
    /// The parent of the block in question.
    let place: Int32

    var parent: BlockHeader { tree.nodes[Int(place)].header }
    var parentHash: Hash256 { tree.nodes[Int(place)].hash }
    var parentResultRoot: Hash256? { tree.nodes[Int(place)].resultRoot }
    func header(at height: BlockHeight) -> BlockHeader? {
        tree.ancestor(of: place, at: height).map { tree.nodes[Int($0)].header }
    }
}
