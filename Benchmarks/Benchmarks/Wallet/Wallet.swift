import Benchmark
import Contest
import FlowWallet

/// What a wallet with a long life is asked again and again.
let benchmarks: @Sendable () -> Void = {
    let answers = Contest("a wallet of 100,000 transactions")
    answers.add("balance") {
        let (ledger, tip) = try SampleChain.ledger(payments: 100_000)
        return { ledger.balance(atTip: tip) }
    }
    answers.add("balance of six confirmations") {
        let (ledger, tip) = try SampleChain.ledger(payments: 100_000)
        return { ledger.balance(atTip: tip, confirmations: 6) }
    }
    answers.add("the last ten") {
        let (ledger, _) = try SampleChain.ledger(payments: 100_000)
        return {
            var last: [WalletTransaction] = []
            ledger.visitNewest {
                last.append($0)
                return last.count < 10
            }
            return last.count
        }
    }
}
