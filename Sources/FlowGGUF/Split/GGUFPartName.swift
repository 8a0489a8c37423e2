/// How the parts of a split file are called: `NAME-00001-of-00003.gguf`, llama.cpp's convention.
struct GGUFPartName: Sendable, Equatable, CustomStringConvertible {
    /// Everything before the number, with the folder.
    let prefix: String
    /// The part, from 0; in the name it counts from 1.
    let part: Int
    /// How many parts there are.
    let count: Int

    /// - Precondition: `part` lies in `0..<count`.
    init(prefix: String, part: Int, count: Int) {
        precondition(part >= 0 && part < count, "part \(part) of \(count) is none")
        self.prefix = prefix
        self.part = part
        self.count = count
    }

    /// The parts of `path`; nil when it is not called as a part of a split file is.
    init?(path: String) {
        let ending = ".gguf", separator = "-of-"
        guard path.hasSuffix(ending) else { return nil }
        let bytes = Array(path.utf8.dropLast(ending.utf8.count))
        // Five digits each; more only where five are too few.
        guard let (count, countStart) = Self.number(before: bytes.count, bytes),
            bytes[..<countStart].suffix(4).elementsEqual(separator.utf8),
            let (number, start) = Self.number(before: countStart - 4, bytes), start >= 1,
            bytes[start - 1] == UInt8(ascii: "-"), number >= 1, number <= count
        else { return nil }
        self.init(prefix: String(decoding: bytes[..<(start - 1)], as: UTF8.self), part: number - 1, count: count)
    }

    private static func number(before end: Int, _ bytes: [UInt8]) -> (value: Int, start: Int)? {
        let digits = bytes[..<end].reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        let start = end - digits
        guard (5...9).contains(digits), digits == 5 || bytes[start] != UInt8(ascii: "0") else { return nil }
        return (bytes[start..<end].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }, start)
    }

    /// The same set's part `part`.
    func sibling(_ part: Int) -> GGUFPartName { GGUFPartName(prefix: prefix, part: part, count: count) }

    /// The path.
    var description: String { "\(prefix)-\(Self.padded(part + 1))-of-\(Self.padded(count)).gguf" }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
    }
}
