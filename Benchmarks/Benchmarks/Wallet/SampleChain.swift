import FlowConsensus
import FlowCrypto
import FlowWallet
import Foundation

/// A chain that pays a wallet in very many transactions; its training is made up.
struct SampleChain: WalletChain {
    private var blocks: [Block] = []

    /// What a wallet knows that has read a chain with so many payments to 500 of its addresses.
    static func ledger(payments: Int) throws -> (ledger: WalletLedger, tip: BlockHeight) {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("flow-benchmark-\(UUID().uuidString)").path
        let wallet = try Wallet.create(at: path, network: WalletNetwork(.regtest), passphrase: "")
        let done = DispatchSemaphore(value: 0)
        let result = Result()
        Task {
            var programs: [LockProgram] = []
            for _ in 0..<500 { if let address = try? await wallet.newAddress() { programs.append(address.program) } }
            try? await wallet.synchronise(with: SampleChain(payments: payments, to: programs))
            result.value = (await wallet.ledger, await wallet.tipHeight)
            done.signal()
        }
        done.wait()
        try FileManager.default.removeItem(atPath: path)
        return result.value
    }

    /// Written before the signal and read behind it.
    private final class Result: @unchecked Sendable {
        var value = (ledger: WalletLedger(), tip: BlockHeight(0))
    }

    private init(payments: Int, to programs: [LockProgram]) {
        let stranger = LockProgram(version: 0, bytes: [UInt8](repeating: 7, count: 20))
        var previous = Hash256.zero
        for height in 0...UInt32(payments / 100) {
            var transactions = [Transaction.coinbase(height: height, outputs: [TransactionOutput(value: Amount(haruki: 1), program: stranger)])]
            for number in 0..<UInt32(height == 0 ? 0 : 100) {
                let program = programs[Int((height &* 100 &+ number) % UInt32(programs.count))]
                transactions.append(
                    Transaction(
                        inputs: [TransactionInput(outPoint: OutPoint(txid: previous, index: height &* 100 &+ number))],
                        outputs: [TransactionOutput(value: Amount(haruki: 10_000), program: program), TransactionOutput(value: Amount(haruki: 9), program: stranger)]))
            }
            let header = BlockHeader(
                previousHash: previous, merkleRoot: .zero, modelRoot: .zero, height: height, time: UInt64(height) * 600,
                bits: CompactTarget(bits: 0x201f_ffff), nonce: 0, steps: 1, deltaHash: .zero)
            previous = header.hash
            blocks.append(Block(header: header, stepDigests: [], transactions: transactions))
        }
    }

    func tip() -> (hash: Hash256, height: BlockHeight) { (blocks.last?.hash ?? .zero, BlockHeight(blocks.count - 1)) }
    func blockHash(at height: BlockHeight) -> Hash256? { blocks.dropFirst(Int(height)).first?.hash }
    func block(_ hash: Hash256) -> Block? { blocks.first { $0.hash == hash } }
    func blocks(from height: BlockHeight, limit: Int) -> [Block] { Array(blocks.dropFirst(Int(height)).prefix(limit)) }
    func pool(since sequence: UInt64?) -> WalletPoolChanges { WalletPoolChanges(sequence: 0, isWhole: true, arrived: [], left: []) }
    func submit(_ transaction: Transaction) {}
}
