/// A value with one binary form.
public protocol BinaryEncodable {
    /// Appends the value's binary form.
    func encode(to writer: inout ByteWriter)
}

extension BinaryEncodable {
    /// The value's binary form.
    public var encoded: [UInt8] {
        var writer = ByteWriter()
        encode(to: &writer)
        return writer.bytes
    }
}

/// A value that can be read from bytes that nobody has checked.
public protocol BinaryDecodable {
    /// Reads one value and leaves the reader behind it.
    init(from reader: inout ByteReader) throws(DecodingFault)
}

extension BinaryDecodable {
    /// Reads one value that takes all of `bytes`; bytes behind it throw `trailingBytes`.
    public init(decoding bytes: [UInt8]) throws(DecodingFault) {
        var reader = ByteReader(bytes)
        self = try Self(from: &reader)
        try reader.finish()
    }
}

/// A value that can be written and read.
public typealias BinaryCodable = BinaryEncodable & BinaryDecodable
