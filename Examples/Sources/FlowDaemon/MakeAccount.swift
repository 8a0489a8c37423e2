public import ArgumentParser
import FlowCrypto
import Foundation
import ProgramSupport

/// `flowcoind rpcauth`: makes a user of the JSON-RPC server, as Bitcoin Core's `rpcauth.py` does.
public struct MakeAccount: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "rpcauth", abstract: "Makes a user of the JSON-RPC server: a line for flowcoin.conf, which holds no password, and the password.")

    @Argument(help: "The user's name.")
    var user: String

    @Argument(help: "The password; - reads it from standard input, and without one a random one is made.")
    var password: String?

    public init() {}

    public func validate() throws {
        guard !user.isEmpty, !user.contains(":"), !user.contains(where: \.isWhitespace) else {
            throw ValidationError("A user's name has no colon and no space, got \"\(user)\".")
        }
    }

    public func run() async throws {
        let isGiven = password != nil
        let secret = try password == "-" ? read() : password ?? Self.random()
        print("String to be appended to flowcoin.conf:\nrpcauth=\(RPCAccount(user: user, password: secret).text)")
        if !isGiven { print("Your password:\n\(secret)") }
    }

    private func read() throws -> String {
        guard let line = readLine(), !line.isEmpty else { throw ProgramError("Expected a password on standard input, got none.") }
        return line
    }

    private static func random() -> String {
        Data(SecureRandom.bytes(32)).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    }
}
