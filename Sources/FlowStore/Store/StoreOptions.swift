/// How a `KeyValueStore` is opened.
public struct StoreOptions: Sendable {
    /// What is kept in the store, for example "flowcoin/chain". It is written into a new store's folder, and a folder that
    /// bears another one, or none, is refused as foreign. Nil opens any LevelDB database.
    public var identity: String?
    /// Bytes of changes kept in memory (and in the log) before they become a sorted table.
    public var writeBufferBytes = 16 << 20
    /// Bytes of table blocks kept in memory.
    public var cacheBytes = 16 << 20
    /// Files held open at most.
    var maximumOpenFiles = 256
    /// Bloom filter bits a key, which spare disk reads for absent keys; 0 for no filter.
    var bloomBitsPerKey = 10
    /// Target size of a table file in bytes.
    var tableBytes = 8 << 20

    public init(identity: String? = nil) { self.identity = identity }
}
