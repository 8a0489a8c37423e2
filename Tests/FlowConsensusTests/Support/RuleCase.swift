import Testing

/// One rule with a case that keeps it and a case that breaks it; each closure reports the name of the broken rule, or nil.
struct RuleCase: Sendable, CustomTestStringConvertible {
    let identifier: String
    let accept: @Sendable () -> String?
    let reject: @Sendable () -> String?

    init(
        _ identifier: String, accept: @escaping @Sendable () -> String?, reject: @escaping @Sendable () -> String?
    ) {
        self.identifier = identifier
        self.accept = accept
        self.reject = reject
    }

    var testDescription: String { identifier }
}
