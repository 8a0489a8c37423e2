import FlowHTTP
import Foundation

/// Reads the members of a JSON object; each failure names the member and what it should have been.
struct RequestFields {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Key>
    private let path: String

    init(_ decoder: any Decoder) throws {
        path = Self.name(decoder.codingPath)
        do { container = try decoder.container(keyedBy: Key.self) } catch {
            throw APIError.invalid(path.isEmpty ? nil : path, "\(path.isEmpty ? "the body" : path) must be a JSON object")
        }
    }

    /// The value of `name`; nil when it is missing or null.
    func optional<Value: Decodable>(_ name: String, _ expected: String, as type: Value.Type = Value.self) throws -> Value? {
        let key = Key(stringValue: name)
        guard container.contains(key), try !container.decodeNil(forKey: key) else { return nil }
        do { return try container.decode(Value.self, forKey: key) } catch let error as APIError { throw error } catch {
            let place: String
            if let error = error as? DecodingError, let context = error.context { place = Self.name(context.codingPath) } else { place = full(name) }
            throw APIError.invalid(place.isEmpty ? full(name) : place, "\(place) must be \(expected)")
        }
    }

    func required<Value: Decodable>(_ name: String, _ expected: String, as type: Value.Type = Value.self) throws -> Value {
        guard let value: Value = try optional(name, expected) else {
            throw APIError.invalid(full(name), "\(full(name)) is missing: it must be \(expected)", code: "missing_required_parameter")
        }
        return value
    }

    /// A number in a range.
    func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        let expected = "a number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))"
        guard let value: Double = try optional(name, expected) else { return nil }
        guard range.contains(value) else { throw outside(name, expected, Self.short(value)) }
        return value
    }

    /// A whole number in a range.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        let upper = range.upperBound == .max ? " up" : " to \(range.upperBound)"
        let expected = "a whole number from \(range.lowerBound)\(upper)"
        guard let value: Int = try optional(name, expected) else { return nil }
        guard range.contains(value) else { throw outside(name, expected, "\(value)") }
        return value
    }

    /// Refuses members that would change the answer if the server knew them.
    func refuse(_ names: String...) throws {
        for name in names where try optional(name, "null", as: Anything.self) != nil { throw APIError.unsupported(full(name)) }
    }

    func full(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private func outside(_ name: String, _ expected: String, _ actual: String) -> APIError {
        .invalid(full(name), "\(full(name)) must be \(expected), not \(actual)")
    }

    private static func short(_ value: Double) -> String { value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)" }

    private static func name(_ path: [any CodingKey]) -> String {
        path.reduce("") { name, key in
            if let index = key.intValue { return "\(name)[\(index)]" }
            return name.isEmpty ? key.stringValue : "\(name).\(key.stringValue)"
        }
    }
}

/// Any JSON value, not looked at.
struct Anything: Decodable {
    init(from decoder: any Decoder) throws {}
}

extension DecodingError {
    var context: Context? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
            context
        @unknown default: nil
        }
    }
}

extension HTTPRequest {
    /// The body as JSON of a kind.
    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let kind = header("Content-Type")?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        guard kind == "application/json" else { throw APIError.wrongContentType }
        do { return try JSONDecoder().decode(Value.self, from: Data(body)) } catch let error as APIError { throw error } catch {
            throw APIError.notJSON
        }
    }
}
