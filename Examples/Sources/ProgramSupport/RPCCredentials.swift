import FlowCrypto
import FlowEncoding
public import Foundation

/// User name and password of the JSON-RPC server. Without a pair of one's own, the daemon writes a fresh random one into
/// `.cookie` in its network directory, readable by its owner only, and removes it when it stops.
public struct RPCCredentials: Sendable, Equatable {
    public let user: String
    public let password: String
    private let token: String

    public init(user: String, password: String) {
        self.user = user
        self.password = password
        token = Data("\(user):\(password)".utf8).base64EncodedString()
    }

    public static func cookieURL(in directory: URL) -> URL {
        directory.appendingPathComponent(".cookie")
    }

    /// Reads the cookie of a running daemon.
    public init(cookieIn directory: URL) throws {
        let url = Self.cookieURL(in: directory)
        guard let text = try? String(contentsOf: url, encoding: .utf8), let colon = text.firstIndex(of: ":") else {
            throw ProgramError(
                "No readable cookie at \(url.path): is flowcoind running there? Start it, or give the -datadir and network it was started with, or -rpcuser and -rpcpassword.")
        }
        self.init(
            user: String(text[..<colon]),
            password: String(text[text.index(after: colon)...]).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Random credentials for one run of the daemon.
    public static func fresh() -> RPCCredentials {
        RPCCredentials(user: "__cookie__", password: Hex.encode(SecureRandom.bytes(32)))
    }

    /// Writes the cookie where clients look for it, readable by its owner only.
    public func writeCookie(in directory: URL) throws {
        let url = Self.cookieURL(in: directory)
        try? FileManager.default.removeItem(at: url)
        let contents = Data("\(user):\(password)".utf8)
        guard FileManager.default.createFile(atPath: url.path, contents: contents, attributes: [.posixPermissions: 0o600]) else {
            throw ProgramError("Cannot write the RPC cookie \(url.path): make the directory writable, or free space on its disk.")
        }
    }

    /// The value of an HTTP `Authorization` header (RFC 7617).
    public var authorization: String { Self.scheme + " " + token }

    private static let scheme = "Basic"

    /// Whether a received header carries these credentials. The scheme's case does not matter; the time that the comparison takes
    /// does not depend on where they differ.
    public func matches(authorization received: String) -> Bool {
        guard received.prefix(Self.scheme.count).lowercased() == Self.scheme.lowercased() else { return false }
        let behind = received.dropFirst(Self.scheme.count)
        guard behind.first == " " else { return false }
        let given = Array(behind.trimmingCharacters(in: .whitespaces).utf8)
        let expected = Array(token.utf8)
        var difference = UInt8(expected.count == given.count ? 0 : 1)
        for index in expected.indices {
            difference |= expected[index] ^ (index < given.count ? given[index] : 0)
        }
        return difference == 0
    }
}
