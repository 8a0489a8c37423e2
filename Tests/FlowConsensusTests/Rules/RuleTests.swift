import FlowConsensus
import Foundation
import TestSupport
import Testing

@Suite struct RuleTests {
    static let all = RuleCase.blocks + RuleCase.transactions

    @Test(arguments: all) func keepsAndBreaks(_ rule: RuleCase) {
        #expect(rule.accept() == nil)
        #expect(rule.reject() == rule.identifier)
    }

    /// The table in the documentation, the names in the code and the tests here are the same list.
    @Test func everyRuleIsDocumentedAndTested() throws {
        let repository = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: repository.appendingPathComponent("Documentation/Protocol/Chain.md"), encoding: .utf8)
        let documented = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "`").dropFirst().first.map(String.init) }
            .filter { $0.contains("-") }
        var named: [String] = []
        for file in ["BlockViolation", "TransactionViolation"] {
            let source = try String(
                contentsOf: repository.appendingPathComponent("Sources/FlowConsensus/Rules/\(file).swift"), encoding: .utf8)
            named += source.split(separator: "\n").filter { $0.contains("case .") && $0.contains(": \"") }
                .compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
        }
        let tested = Self.all.map(\.identifier)
        #expect(Set(tested).count == tested.count)
        #expect(Set(named).count == named.count)
        #expect(Set(tested) == Set(named))
        #expect(documented.sorted() == named.sorted())
    }
}
