import FlowCrypto
import FlowEncoding
public import Foundation

/// User name and password of the JSON-RPC server. Without a pair of one's own, the daemon writes a fresh random one into
/// `.cookie` in its network directory, readable by its owner only, and removes it when it stops.
public struct RPCCredentials: Sendable, Equatable {
    public let user: String
    public let password: String
    /// In base 64, as HTTP carries them.
    private let token: [UInt8]

    public init(user: String, password: String) {
        self.user = user
        self.password = password
        token = Array(Data("\(user):\(password)".utf8).base64EncodedString().utf8)
    }

    /// Reads the cookie of a running daemon where it lies unless told otherwise.
    public init(cookieIn directory: URL) throws { try self.init(cookieAt: directory.appendingPathComponent(".cookie")) }

    /// Reads the cookie of a running daemon.
    public init(cookieAt url: URL) throws {
        guard let text = try? String(contentsOf: url, encoding: .utf8), let colon = text.firstIndex(of: ":") else {
            throw ProgramError(
                "No readable cookie at \(url.path): is flowcoind running there? Start it, or give the -datadir and network it was started with, -rpccookiefile, or -rpcuser and -rpcpassword.")
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
    public func writeCookie(at url: URL) throws {
        try? FileManager.default.removeItem(at: url)
        let contents = Data("\(user):\(password)".utf8)
        guard FileManager.default.createFile(atPath: url.path, contents: contents, attributes: [.posixPermissions: 0o600]) else {
            throw ProgramError("Cannot write the RPC cookie \(url.path): make the directory writable, or free space on its disk.")
        }
    }

    /// The value of an HTTP `Authorization` header (RFC 7617).
    public var authorization: String { "Basic " + String(decoding: token, as: UTF8.self) }

    /// Whether a received header carries these credentials. The scheme's case does not matter; the time that the comparison takes
    /// does not depend on where they differ.
    public func matches(authorization received: String) -> Bool {
        Self.token(of: received).map { Self.areEqual(token, $0) } ?? false
    }

    /// What follows the scheme in a received header; nil for another scheme.
    private static func token(of received: String) -> [UInt8]? {
        let space = UInt8(ascii: " ")
        var given = Array(received.utf8)[...]
        guard given.prefix(6).map({ $0 | 0x20 }) == Array("basic ".utf8) else { return nil }
        given = given.dropFirst(6).drop { $0 == space }
        while given.last == space { given.removeLast() }
        return Array(given)
    }

    /// Reads a received header: the user's name ends at the first colon.
    public init?(authorization received: String) {
        guard let token = Self.token(of: received), let data = Data(base64Encoded: Data(token)), let text = String(bytes: data, encoding: .utf8),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        self.init(user: String(text[..<colon]), password: String(text[text.index(after: colon)...]))
    }

    /// Compares in a time that does not depend on where they differ.
    static func areEqual(_ expected: [UInt8], _ given: [UInt8]) -> Bool {
        var difference = UInt8(expected.count == given.count ? 0 : 1)
        for (index, byte) in expected.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
        return difference == 0
    }
}
