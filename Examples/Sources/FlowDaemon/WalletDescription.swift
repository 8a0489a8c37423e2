import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowNode
import FlowRPC
import FlowWallet

/// A wallet's transactions in bitcoind's shapes, all of one moment.
struct WalletDescription {
    /// What a transaction paid or brought at one of its outputs.
    struct Detail {
        let label: String?
        let members: [JSONValue.Member]
    }

    let ledger: WalletLedger
    private let tip: BlockHeight
    private let labels: [String: String]
    private let prefix: String

    init(_ wallet: Wallet) async {
        (ledger, tip, labels) = await (wallet.ledger, wallet.tipHeight, wallet.labels)
        prefix = wallet.network.addressPrefix
    }

    /// 0 while it waits; −1 where it cannot be confirmed on this branch.
    private func confirmations(_ entry: WalletTransaction) -> Int64 {
        switch entry.state {
        case .confirmed(let block): max(0, Int64(tip) - Int64(block.height) + 1)
        case .pending, .abandoned: 0
        case .conflicted: -1
        }
    }

    /// What the wallet paid and received, output by output: change left out.
    func details(of entry: WalletTransaction) -> [Detail] {
        let isSent = entry.spent > .zero
        let own = Dictionary(entry.receipts.map { ($0.index, $0.key) }, uniquingKeysWith: { first, _ in first })
        var sent: [Detail] = [], received: [Detail] = []
        for (index, output) in entry.transaction.outputs.enumerated() {
            let key = own[UInt32(truncatingIfNeeded: index)]
            // Change comes back from where it went.
            if isSent, key?.branch == .change { continue }
            let address = (try? Address(program: output.program, prefix: prefix))?.description
            let label = address.flatMap { labels[$0] }
            func detail(_ category: String, _ value: Int64, _ more: [JSONValue.Member] = []) -> Detail {
                var members: [JSONValue.Member] = [
                    .init("address", address.map { .string($0) } ?? .null), .init("category", .string(category)),
                    .init("amount", .amount(haruki: value)), .init("vout", .integer(index)),
                ]
                if key != nil || label != nil { members.append(.init("label", .string(label ?? ""))) }
                return Detail(label: key == nil && label == nil ? nil : label ?? "", members: members + more + [.init("abandoned", .bool(entry.state == .abandoned))])
            }
            if isSent {
                sent.append(detail("send", -output.value.haruki, entry.fee.map { [.init("fee", .amount(haruki: -$0.haruki))] } ?? []))
            }
            guard key != nil else { continue }
            let isMature = confirmations(entry) >= Int64(ConsensusLimits.coinbaseMaturity)
            received.append(detail(entry.transaction.isCoinbase ? isMature ? "generate" : "immature" : "receive", output.value.haruki))
        }
        return sent + received
    }

    /// What holds for the whole transaction.
    func common(_ entry: WalletTransaction) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init("confirmations", .integer(confirmations(entry)))]
        if entry.transaction.isCoinbase { members.append(.init("generated", true)) }
        if let block = entry.block {
            members += [
                .init("blockhash", .string(block.hash.displayHex)), .init("blockheight", .integer(block.height)), .init("blocktime", .integer(block.time)),
            ]
        } else {
            members.append(.init("trusted", .bool(entry.state == .pending && entry.fee != nil)))
        }
        return members + [.init("txid", .string(entry.txid.displayHex)), .init("time", .integer(entry.time)), .init("timereceived", .integer(entry.time))]
    }

    func whole(_ entry: WalletTransaction) -> JSONValue {
        let fee = entry.fee?.haruki ?? 0
        var members: [JSONValue.Member] = [.init("amount", .amount(haruki: entry.received.haruki - entry.spent.haruki + fee))]
        if entry.fee != nil { members.append(.init("fee", .amount(haruki: -fee))) }
        return .object(
            members + common(entry) + [
                .init("details", .array(details(of: entry).map { .object($0.members) })),
                .init("hex", .string(Hex.encode(entry.transaction.encoded))),
            ])
    }
}
