import FlowConsensus
import FlowCrypto
import FlowTraining

extension Block {
    /// Chains the digests that a forger gave and changes the last one until the ticket wins: all the work that a forgery takes.
    mutating func seal(_ parameters: ChainParameters) {
        header.steps = UInt32(stepDigests.count)
        while true {
            header.deltaHash = DigestChain.end(
                modelRoot: header.modelRoot, workSeed: parameters.workSeed(of: header), stepDigests: stepDigests)
            if header.meetsTarget { return }
            stepDigests[stepDigests.count - 1] = Keccak256.hash(header.deltaHash.bytes)
        }
    }
}
