import FlowCrypto
import FlowEncoding

/// A user of the JSON-RPC server as `-rpcauth` names him: `USER:SALT$HASH`, where HASH is the HMAC-SHA-256 of the password under the salt's text, in
/// hexadecimal, as in Bitcoin Core. Who reads the line cannot log in with it.
public struct RPCAccount: Sendable, Equatable {
    public let user: String
    private let salt: String
    private let hash: [UInt8]

    /// Reads the value of `-rpcauth`; nil where it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        let secret = parts[1].split(separator: "$", omittingEmptySubsequences: false)
        guard secret.count == 2, !secret[0].isEmpty, let hash = try? Hex.decode(String(secret[1])), hash.count == 32 else { return nil }
        user = String(parts[0])
        salt = String(secret[0])
        self.hash = hash
    }

    /// A user with a password under a fresh salt.
    public init(user: String, password: String) {
        self.user = user
        salt = Hex.encode(SecureRandom.bytes(16))
        hash = Self.hash(password, salt)
    }

    /// The value of `-rpcauth`.
    public var text: String { "\(user):\(salt)$\(Hex.encode(hash))" }

    /// Whether a user gave this name and the password.
    public func matches(_ given: RPCCredentials) -> Bool {
        let isUser = RPCCredentials.areEqual(Array(user.utf8), Array(given.user.utf8))
        return RPCCredentials.areEqual(hash, Self.hash(given.password, salt)) && isUser
    }

    private static func hash(_ password: String, _ salt: String) -> [UInt8] {
        HMACSHA256.authenticate(Array(password.utf8), key: Array(salt.utf8))
    }
}
