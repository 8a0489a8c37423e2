import FlowCrypto
public import FlowEncoding

extension ChainParameters: BinaryEncodable {
    /// The canonical bytes that enter the genesis hash: every consensus value but `genesisModelRoot`, which the genesis
    /// header holds itself. Ports are no part, so a node on other ports is on the same chain.
    ///
    /// name, u32 magic, prefix, model, training, u32 powLimit, u8 retargets, u32 blockInterval, u32 retargetPeriod,
    /// u32 halvingInterval, u64 corpusLength, corpusRoot, two u32 of the replay budget, u64 genesisTime, message; texts as
    /// CompactSize and UTF-8. A network that grows adds the list of its stages; without growth nothing follows.
    public func encode(to writer: inout ByteWriter) {
        writer.writeVarBytes(Array(name.utf8))
        writer.write(magic)
        writer.writeVarBytes(Array(addressPrefix.utf8))
        model.encode(to: &writer)
        training.encode(to: &writer)
        powLimit.encode(to: &writer)
        writer.write(UInt8(retargets ? 1 : 0))
        writer.write(blockInterval)
        writer.write(retargetPeriod)
        writer.write(halvingInterval)
        writer.write(corpusLength)
        corpusRoot.encode(to: &writer)
        writer.write(replayBudget.sixteenCoreSeconds)
        writer.write(replayBudget.twoCoreSeconds)
        writer.write(genesisTime)
        writer.writeVarBytes(Array(genesisMessage.utf8))
        guard !growth.isEmpty else { return }
        writer.writeCompactSize(UInt64(growth.count))
        for stage in growth { stage.encode(to: &writer) }
    }
}
