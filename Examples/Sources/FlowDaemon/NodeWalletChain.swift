import FlowConsensus
import FlowCrypto
import FlowNode
import FlowWallet

/// The wallet's view of the chain, over the node's chain service.
struct NodeWalletChain: WalletChain {
    let chain: ChainService

    func tip() async throws -> (hash: Hash256, height: BlockHeight) {
        let tip = await chain.tip()
        return (tip.hash, tip.height)
    }

    func blockHash(at height: BlockHeight) async throws -> Hash256? { await chain.entry(at: height)?.hash }
    func blocks(from height: BlockHeight, limit: Int) async throws -> [Block] { try await chain.blocks(from: height, limit: limit) }

    func pool(since sequence: UInt64?) async throws -> WalletPoolChanges {
        let changes = await chain.mempoolChanges(since: sequence)
        return WalletPoolChanges(
            sequence: changes.sequence, isWhole: changes.isWhole, arrived: changes.arrived.map { .init(transaction: $0.transaction, txid: $0.txid, time: $0.time) },
            left: changes.left)
    }

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
