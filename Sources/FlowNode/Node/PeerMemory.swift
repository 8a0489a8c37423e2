import FlowEncoding
import FlowP2P
import FlowStore
import Logging

/// What a node remembers of its network from one run to the next: places of other nodes, written now and then, and bans, each written at once in a
/// row of its own.
struct PeerMemory: Sendable {
    let store: any KeyValueStoring
    private let log = Logger(label: "flowcoin.net")
    /// As in Bitcoin Core, what is lost when a node ends suddenly is a quarter of an hour.
    static let interval: Duration = .seconds(900)

    init(store: any KeyValueStoring) { self.store = store }

    var addressBook: AddressBook { read(StoreKey.addressBook, "places of other nodes") ?? AddressBook() }

    /// The bans that are written; a row that does not decode is left out.
    var bans: BanList {
        var bans = BanList()
        do {
            for (key, value) in try store.entries(prefix: StoreKey.banPrefix) {
                let text = String(decoding: key.dropFirst(StoreKey.banPrefix.count), as: UTF8.self)
                guard let range = NetworkRange(text), let end = Self.end(value) else {
                    log.warning("a stored ban cannot be read and is forgotten", metadata: ["ban": "\(text)"])
                    continue
                }
                bans.ban(range, until: end, at: 0)
            }
        } catch {
            log.warning("the stored bans cannot be read and are forgotten", metadata: ["reason": "\(error)"])
        }
        return bans
    }

    private static func end(_ bytes: [UInt8]) -> UInt64? {
        var reader = ByteReader(bytes)
        guard let end = try? reader.readUInt64(), (try? reader.finish()) != nil else { return nil }
        return end
    }

    /// Writes a ban, or that it is lifted: it outlives the process from now on.
    /// - Parameter end: in seconds since 1970; nil for a ban that is lifted
    func write(ban range: NetworkRange, until end: UInt64?) {
        var batch = WriteBatch()
        Self.put(range, end, to: &batch)
        do { try store.write(batch, sync: false) } catch {
            log.warning("a ban cannot be stored", metadata: ["ban": "\(range)", "reason": "\(error)"])
        }
    }

    private static func put(_ range: NetworkRange, _ end: UInt64?, to batch: inout WriteBatch) {
        let text = range.description
        // A name that reads as something else, which only links in memory can have, would come back as another.
        guard NetworkRange(text) == range else { return }
        guard let end else { return batch.delete(StoreKey.ban(text)) }
        var writer = ByteWriter()
        writer.write(end)
        batch.put(StoreKey.ban(text), writer.bytes)
    }

    /// What does not decode is forgotten: nothing depends on it.
    private func read<Value: BinaryDecodable>(_ key: [UInt8], _ what: String) -> Value? {
        do {
            return try store.get(key).map { try Value(decoding: $0) }
        } catch {
            log.warning("the stored \(what) cannot be read and are forgotten", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    /// Writes the places, and drops the rows of bans that are over.
    /// - Throws: `StoreError`
    func write(_ book: AddressBook, now: UInt64) throws {
        var batch = WriteBatch()
        batch.put(StoreKey.addressBook, book.encoded)
        for (key, value) in try store.entries(prefix: StoreKey.banPrefix) where Self.end(value).map({ $0 <= now }) ?? true { batch.delete(key) }
        try store.write(batch, sync: true)
    }

    /// Writes what a network knows, now and then, until the task is cancelled, and once more then.
    func keep(_ network: PeerNetwork) async {
        let thread = BlockingThread(name: "flowcoin.peers")
        repeat {
            try? await Task.sleep(for: Self.interval)
            let (book, now) = (network.addressBook, network.configuration.clock.unixTime())
            do { try await thread.run { try write(book, now: now) } } catch {
                log.warning("places of other nodes cannot be stored", metadata: ["reason": "\(error)"])
            }
        } while !Task.isCancelled
    }
}
