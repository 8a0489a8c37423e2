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
    let tip: BlockHeight
    private let labels: [String: String]
    private let prefix: String
    /// What is only watched counts like what is the wallet's own.
    private let countsWatched: Bool

    /// - Parameter countsWatched: what is only watched is shown too; for nil in wallets that never hold keys
    init(_ wallet: Wallet, countsWatched: Bool?) async {
        (ledger, tip, labels) = await (wallet.ledger, wallet.tipHeight, wallet.labels)
        prefix = wallet.network.addressPrefix
        if let countsWatched { self.countsWatched = countsWatched } else { self.countsWatched = await wallet.watchesOnly }
    }

    private func received(_ entry: WalletTransaction) -> Int64 { entry.own.received.haruki + (countsWatched ? entry.watched.received.haruki : 0) }
    private func spent(_ entry: WalletTransaction) -> Int64 { entry.own.spent.haruki + (countsWatched ? entry.watched.spent.haruki : 0) }

    /// What the wallet paid and received, output by output: change left out.
    func details(of entry: WalletTransaction) -> [Detail] {
        let isSent = spent(entry) > 0
        let own = Dictionary(
            entry.receipts.filter { countsWatched || !$0.holder.isWatched }.map { ($0.index, $0.holder) }, uniquingKeysWith: { first, _ in first })
        let involvesWatched = countsWatched && (entry.watched.spent > .zero || entry.watched.received > .zero)
        var sent: [Detail] = [], received: [Detail] = []
        for (index, output) in entry.transaction.outputs.enumerated() {
            let holder = own[UInt32(truncatingIfNeeded: index)]
            let address = (try? Address(program: output.program, prefix: prefix))?.description
            let label = address.flatMap { labels[$0] }
            // Change comes back from where it went.
            if isSent, isChange(holder, label) { continue }
            func detail(_ category: String, _ value: Int64, _ more: [JSONValue.Member] = []) -> Detail {
                var members: [JSONValue.Member] = involvesWatched ? [.init("involvesWatchonly", true)] : []
                members += [
                    .init("address", address.map { .string($0) } ?? .null), .init("category", .string(category)),
                    .init("amount", .amount(haruki: value)), .init("vout", .integer(index)),
                ]
                if holder != nil || label != nil { members.append(.init("label", .string(label ?? ""))) }
                return Detail(label: holder == nil && label == nil ? nil : label ?? "", members: members + more + [.init("abandoned", .bool(entry.state == .abandoned))])
            }
            if isSent {
                sent.append(detail("send", -output.value.haruki, entry.fee.map { [.init("fee", .amount(haruki: -$0.haruki))] } ?? []))
            }
            guard holder != nil else { continue }
            let isMature = entry.confirmations(atTip: tip) >= Int64(ConsensusLimits.coinbaseMaturity)
            received.append(detail(entry.transaction.isCoinbase ? isMature ? "generate" : "immature" : "receive", output.value.haruki))
        }
        return sent + received
    }

    /// A watched address that nobody named is taken for change where the wallet pays.
    private func isChange(_ holder: WalletHolder?, _ label: String?) -> Bool {
        guard let holder else { return false }
        return holder.key.map { $0.branch == .change } ?? (label == nil)
    }

    /// What holds for the whole transaction.
    func common(_ entry: WalletTransaction) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init("confirmations", .integer(entry.confirmations(atTip: tip)))]
        if entry.transaction.isCoinbase { members.append(.init("generated", true)) }
        if let block = entry.block {
            members += [
                .init("blockhash", .string(block.hash.displayHex)), .init("blockheight", .integer(block.height)), .init("blocktime", .integer(block.time)),
                .init("blockindex", .integer(entry.blockIndex ?? 0)),
            ]
        } else {
            members.append(.init("trusted", .bool(entry.state == .pending && entry.fee != nil)))
        }
        members.append(.init("txid", .string(entry.txid.displayHex)))
        let rivals = [entry.replaces, entry.replacedBy].compactMap(\.self)
        members.append(.init("walletconflicts", .array(rivals.map { .string($0.displayHex) })))
        if let txid = entry.replacedBy { members.append(.init("replaced_by_txid", .string(txid.displayHex))) }
        if let txid = entry.replaces { members.append(.init("replaces_txid", .string(txid.displayHex))) }
        if !entry.comment.isEmpty { members.append(.init("comment", .string(entry.comment))) }
        if !entry.payee.isEmpty { members.append(.init("to", .string(entry.payee))) }
        let signals = entry.block == nil && entry.transaction.signalsReplacement
        return members + [
            .init("time", .integer(entry.time)), .init("timereceived", .integer(entry.time)), .init("bip125-replaceable", .string(signals ? "yes" : "no")),
        ]
    }

    /// Whether anything of it is shown.
    func isShown(_ entry: WalletTransaction) -> Bool {
        spent(entry) > 0 || entry.receipts.contains { countsWatched || !$0.holder.isWatched }
    }

    func lines(of entry: WalletTransaction) -> [JSONValue] { details(of: entry).map { .object($0.members + common(entry)) } }

    /// - Parameter isDecoded: with the transaction's parts
    func whole(_ entry: WalletTransaction, isDecoded: Bool = false) -> JSONValue {
        let isSent = spent(entry) > 0
        let fee = isSent ? entry.fee?.haruki ?? 0 : 0
        var members: [JSONValue.Member] = [.init("amount", .amount(haruki: received(entry) - spent(entry) + fee))]
        if isSent, entry.fee != nil { members.append(.init("fee", .amount(haruki: -fee))) }
        return .object(
            members + common(entry) + [
                .init("details", .array(details(of: entry).map { .object($0.members) })),
                .init("hex", .string(Hex.encode(entry.transaction.encoded))),
            ] + (isDecoded ? [.init("decoded", TransactionShape(prefix: prefix).transaction(entry.transaction))] : []))
    }
}
