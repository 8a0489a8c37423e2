import FlowEncoding
import FlowP2P
import FlowStore
import Logging

/// What a node remembers of its network from one run to the next: places of other nodes, and bans.
struct PeerMemory: Sendable {
    let store: any KeyValueStoring
    private let log = Logger(label: "flowcoin.peers")
    /// As in Bitcoin Core, what is lost when a node ends suddenly is a quarter of an hour.
    static let interval: Duration = .seconds(900)

    init(store: any KeyValueStoring) { self.store = store }

    var addressBook: AddressBook { read(StoreKey.addressBook, "places of other nodes") ?? AddressBook() }
    var bans: BanList { read(StoreKey.bans, "bans") ?? BanList() }

    /// What does not decode is forgotten: nothing depends on it.
    private func read<Value: BinaryDecodable>(_ key: [UInt8], _ what: String) -> Value? {
        do {
            return try store.get(key).map { try Value(decoding: $0) }
        } catch {
            log.warning("the stored \(what) cannot be read and are forgotten", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// - Throws: `StoreError`
    func write(_ book: AddressBook, _ bans: BanList) throws {
        var batch = WriteBatch()
        batch.put(StoreKey.addressBook, book.encoded)
        batch.put(StoreKey.bans, bans.encoded)
        try store.write(batch, sync: true)
    }

    /// Writes what a network knows, now and then, until the task is cancelled, and once more then.
    func keep(_ network: PeerNetwork) async {
        let thread = BlockingThread(name: "flowcoin.peers")
        repeat {
            try? await Task.sleep(for: Self.interval)
            let (book, bans) = (network.addressBook, network.banList)
            do { try await thread.run { try write(book, bans) } } catch {
                log.warning("places of other nodes and bans cannot be stored", metadata: ["reason": "\(error)"])
            }
        } while !Task.isCancelled
    }
}
