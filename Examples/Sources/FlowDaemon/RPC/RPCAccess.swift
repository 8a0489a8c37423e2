public import ProgramSupport

/// Who may use the JSON-RPC server, and what each may call.
public struct RPCAccess: Sendable {
    private let credentials: RPCCredentials?
    private let accounts: [RPCAccount]
    private let allowed: [String: Set<String>]
    private let othersMayCallAll: Bool

    /// - Parameters:
    ///   - credentials: of `-rpcuser`, or of the cookie
    ///   - accounts: of `-rpcauth`
    ///   - allowed: what users with a whitelist may call
    ///   - othersMayCallAll: whether a user without a whitelist may call everything, or nothing
    public init(credentials: RPCCredentials?, accounts: [RPCAccount] = [], allowed: [String: Set<String>] = [:], othersMayCallAll: Bool = true) {
        self.credentials = credentials
        self.accounts = accounts
        self.allowed = allowed
        self.othersMayCallAll = othersMayCallAll
    }

    /// The user whose credentials a received `Authorization` header carries; nil for nobody's.
    func user(authorization: String) -> String? {
        if let credentials, credentials.matches(authorization: authorization) { return credentials.user }
        guard !accounts.isEmpty, let given = RPCCredentials(authorization: authorization) else { return nil }
        // All are looked at, so that the time does not tell which names there are.
        return accounts.reduce(nil) { found, account in account.matches(given) ? account.user : found }
    }

    /// The methods that a user may call; nil for all.
    func methods(of user: String) -> Set<String>? { allowed[user] ?? (othersMayCallAll ? nil : []) }
}
