public import FlowCrypto

/// A branch in memory, from the genesis block to a tip: for tests, tools and light clients.
public struct HeaderChain: ChainContext, Sendable {
    public private(set) var headers: [BlockHeader]
    public private(set) var parentHash: Hash256
    public var parentResultRoot: Hash256?

    /// A branch that has only its first block, whose result are the first weights.
    public init(genesis: BlockHeader) {
        headers = [genesis]
        parentHash = genesis.hash
        parentResultRoot = genesis.modelRoot
    }

    public var parent: BlockHeader { headers[headers.count - 1] }

    public func header(at height: BlockHeight) -> BlockHeader? {
        headers.indices.contains(Int(height)) ? headers[Int(height)] : nil
    }

    /// Puts a header on top, unchecked; `resultRoot` is the root of the weights after it, grown where the next height calls for it.
    public mutating func append(_ header: BlockHeader, resultRoot: Hash256? = nil) {
        headers.append(header)
        parentHash = header.hash
        parentResultRoot = resultRoot
    }
}
