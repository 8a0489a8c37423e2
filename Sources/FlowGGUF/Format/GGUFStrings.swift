/// An array of strings in one piece of memory: the UTF-8 bytes of all, and where each ends.
///
/// Vocabularies have hundreds of thousands of short strings; this keeps them at the size they have in the file and
/// makes a `String` only for those that are asked for. Equality is bytewise, unlike `String`'s.
public struct GGUFStrings: Sendable, Equatable, RandomAccessCollection {
    /// All strings, one after the other.
    public private(set) var utf8: [UInt8] = []
    private var ends: [Int] = []

    public init() {}

    public init(_ strings: some Sequence<String>) {
        for string in strings { append(string) }
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { ends.count }

    public subscript(position: Int) -> String { String(decoding: bytes(at: position), as: UTF8.self) }

    /// The UTF-8 bytes of the string at `position`.
    public func bytes(at position: Int) -> ArraySlice<UInt8> {
        utf8[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }

    public mutating func append(_ string: String) {
        utf8.append(contentsOf: string.utf8)
        ends.append(utf8.count)
    }

    mutating func append(validated bytes: UnsafeRawBufferPointer) {
        utf8.append(contentsOf: bytes)
        ends.append(utf8.count)
    }

    mutating func reserveCapacity(strings: Int, bytes: Int) {
        ends.reserveCapacity(strings)
        utf8.reserveCapacity(bytes)
    }
}
