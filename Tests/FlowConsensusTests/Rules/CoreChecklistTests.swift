import FlowConsensus
import Foundation
import TestSupport
import Testing

/// Bitcoin Core's functional tests name the reasons for which a block or a transaction is refused. Each has a rule here, or a
/// reason why it cannot occur.
@Suite struct CoreChecklistTests {
    struct Step: Decodable { let reject_reasons: [String] }

    static let rules: [String: String] = [
        "bad-blk-sigops": "too-many-signatures", "bad-blk-length": "block-cost", "bad-cb-amount": "coinbase-value", "bad-cb-height": "coinbase-lock-time",
        "bad-cb-length": "tx-coinbase-data-length", "bad-cb-missing": "first-not-coinbase",
        "bad-cb-multiple": "second-coinbase", "bad-diffbits": "bad-bits", "bad-txnmrklroot": "bad-merkle-root",
        "bad-txns-BIP30": "coinbase-lock-time", "bad-txns-duplicate": "duplicate-transaction",
        "bad-txns-in-belowout": "tx-outputs-exceed-inputs", "bad-txns-inputs-duplicate": "tx-duplicate-input",
        "bad-txns-inputs-missingorspent": "tx-missing-coin", "bad-txns-nonfinal": "tx-lock-time",
        "bad-txns-oversize": "tx-cost", "bad-txns-premature-spend-of-coinbase": "tx-immature-coinbase",
        "bad-txns-prevout-null": "tx-null-input", "bad-txns-txouttotal-toolarge": "tx-output-total",
        "bad-txns-vout-empty": "tx-no-outputs", "bad-txns-vout-negative": "tx-output-value",
        "bad-txns-vout-toolarge": "tx-output-value", "bad-version(0x00000001)": "bad-version",
        "block-script-verify-flag-failed": "tx-signature", "coinbase": "tx-loose-coinbase", "high-hash": "hash-above-target",
        "missing-inputs": "tx-missing-coin", "non-BIP68-final": "tx-relative-lock-height", "non-final": "tx-lock-time",
        "time-too-new": "time-too-new", "time-too-old": "time-too-old", "tx-size-small": "tx-64-bytes",
        "tx-size": "tx-cost",
    ]

    /// Reasons that need scripts, or that are a mempool's policy and no rule of the chain.
    static let withoutMeaning: Set<String> = [
        "bad-witness-nonstandard", "bare-multisig",
        "block-script-verify-flag-failed (Locktime requirement not satisfied)",
        "block-script-verify-flag-failed (Negative locktime)",
        "block-script-verify-flag-failed (Operation not valid with the current stack size)", "dust",
        "mempool-script-verify-flag-failed (Witness version reserved for soft-fork upgrades)", "non-canonical ReadCompactSize()", "scriptpubkey", "scriptsig-not-pushonly", "scriptsig-size",
        "txn-already-in-mempool", "txn-already-known", "version",
    ]

    @Test func everyReasonHasARule() throws {
        let steps = try Vectors.json(
            "bitcoin/core_checklists/functional_test_steps_and_reject_reasons.json", as: [Step].self)
        let reasons = Set(steps.flatMap(\.reject_reasons))
        #expect(reasons.count > 40)
        let known = Set(RuleTests.all.map(\.identifier))
        for reason in reasons.sorted() where !Self.withoutMeaning.contains(reason) {
            let rule = Self.rules[reason]
            #expect(rule.map(known.contains) == true, "\(reason)")
        }
    }
}
