public import FlowConsensus
import Foundation

/// A network from a JSON file.
enum NetworkFile {
    static let maximumLength = 1 << 20

    /// Reads and checks the parameters of a network.
    /// - Throws: `ProgramError`, naming the file, the member and the way out
    static func load(path: String) throws(ProgramError) -> ChainParameters {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ProgramError("The network parameters \(path) cannot be read; check the path and its permissions")
        }
        guard data.count <= maximumLength else {
            throw ProgramError("The network parameters \(path) have \(data.count) bytes, at most \(maximumLength) are read; name a JSON file of chain parameters")
        }
        return try decode(data, name: path)
    }

    static func decode(_ data: Data, name: String) throws(ProgramError) -> ChainParameters {
        let parameters: ChainParameters
        do {
            parameters = try JSONDecoder().decode(ChainParameters.self, from: data)
        } catch let error as DecodingError {
            throw ProgramError("The network parameters \(name) do not parse: \(text(error)); compare with the example in the documentation")
        } catch {
            throw ProgramError("The network parameters \(name) do not parse (\(error)); compare with the example in the documentation")
        }
        do {
            try parameters.validated()
        } catch {
            throw ProgramError("The network parameters \(name) describe no network: \(error)")
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
    /// - Throws: `ProgramError`, naming the file, the member and the way out
    public static func load(path: String) throws(ProgramError) -> ChainParameters { try NetworkFile.load(path: path) }
}
