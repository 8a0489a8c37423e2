public import FlowConsensus
import Foundation

/// A network from a JSON file.
enum ParametersFile {
    static let maximumLength = 1 << 20

    /// Reads and checks the parameters of a network.
    /// - Throws: `NodeError` with code `parameters-file`, naming the file, the member and the way out
    static func load(path: String) throws(NodeError) -> ChainParameters {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw NodeError(.parametersFile, "the network parameters \(path) cannot be read; check the path and its permissions")
        }
        guard data.count <= maximumLength else {
            throw NodeError(.parametersFile, "the network parameters \(path) have \(data.count) bytes, at most \(maximumLength) are read; name a JSON file of chain parameters")
        }
        return try decode(data, name: path)
    }

    static func decode(_ data: Data, name: String) throws(NodeError) -> ChainParameters {
        let parameters: ChainParameters
        do {
            parameters = try JSONDecoder().decode(ChainParameters.self, from: data)
        } catch let error as DecodingError {
            throw NodeError(.parametersFile, "the network parameters \(name) do not parse: \(text(error)); compare with the example in the documentation")
        } catch {
            throw NodeError(.parametersFile, "the network parameters \(name) do not parse; compare with the example in the documentation", cause: error)
        }
        do {
            try parameters.validated()
        } catch {
            throw NodeError(.parametersFile, "the network parameters \(name) describe no network", cause: error)
        }
        return parameters
    }

    private static func text(_ error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            path.isEmpty ? "the document" : path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "the member \(place(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context): return "\(place(context.codingPath)) is not of type \(type)"
        case .valueNotFound(let type, let context): return "\(place(context.codingPath)) is null, expected \(type)"
        case .dataCorrupted(let context): return "\(place(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

extension ChainParameters {
    /// The network that a JSON file describes.
    /// - Throws: `NodeError` with code `parameters-file`
    public static func load(path: String) throws(NodeError) -> ChainParameters { try ParametersFile.load(path: path) }
}
