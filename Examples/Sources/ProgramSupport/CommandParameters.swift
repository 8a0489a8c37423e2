public import FlowNode

/// Turns the words of a command line into JSON values, as bitcoin-cli does: only parameters that a command takes as a number,
/// truth value, list or object are read as JSON; all others stay text, so a wallet may be called `1`.
public enum CommandParameters {
    /// Positions (from 0) that are JSON, for each command.
    private static let jsonPositions: [String: Set<Int>] = [
        "generate": [0, 1], "generatetoaddress": [0, 2], "getblock": [1], "getblockhash": [0], "getblockheader": [1],
        "getrawtransaction": [1], "gettxout": [1, 2], "getrawmempool": [0], "getbalance": [1, 2], "sendtoaddress": [1, 4],
        "createwallet": [1, 2, 4, 5, 6], "listtransactions": [1, 2], "listunspent": [0, 1, 2], "getblocktemplate": [0],
        "stop": [0], "setban": [2, 3], "walletpassphrase": [1], "getmodelinfo": [0], "getblockstats": [0], "prioritisetransaction": [1, 2],
    ]

    public static func convert(_ words: [String], of method: String) throws -> [JSONValue] {
        let positions = jsonPositions[method] ?? []
        return try words.enumerated().map { index, word in
            guard positions.contains(index) else { return .string(word) }
            guard let value = try? JSONParser.parse(word) else {
                throw ProgramError("Parameter \(index + 1) of \(method) must be JSON (a number, true, false, a list or an object), got '\(word)'.")
            }
            return value
        }
    }
}
