/// An ordered map that keeps what is written to it: `KeyValueStore` on disk, `MemoryStore` and `CrashingStore` in memory.
public protocol KeyValueStoring: KeyValueReading {
    /// Stores all changes of `batch`, or none of them.
    /// - Parameter sync: return only when the changes survive a power cut. A batch that is not synced survives the end of
    ///   the process, and survives a power cut as soon as a later synced batch does.
    func write(_ batch: WriteBatch, sync: Bool) throws(StoreError)

    /// The present state, which later writes do not change.
    func snapshot() throws(StoreError) -> any KeyValueReading

    /// Ends the use of the store; calls after it throw `closed`. Closing twice is allowed.
    func close()
}
