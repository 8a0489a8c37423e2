import FlowConsensus
import FlowCrypto
import FlowNode
import FlowWallet

/// The wallet's view of the chain, over the node's chain service.
struct NodeWalletChain: WalletChain {
    let chain: ChainService

    func tipHeight() async throws -> BlockHeight { await chain.tip().height }
    func blockHash(at height: BlockHeight) async throws -> Hash256? { await chain.entry(at: height)?.hash }
    func block(_ hash: Hash256) async throws -> Block? { try await chain.block(hash) }

    func submit(_ transaction: Transaction) async throws {
        do {
            _ = try await chain.submit(transaction)
        } catch let rejection as MempoolRejection {
            switch rejection.kind {
            case .known, .confirmed: return
            default: throw WalletError.refused(rejection.description)
            }
        }
    }
}
