import FlowJSON

/// A JSON value in the one form that equal values share: 1 and 1.0 are one number, members have no order, the last of equal keys counts.
indirect enum Datum: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Decimal)
    case text([UInt32])
    case array([Datum])
    case object([[UInt32]: Datum])

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .number(let text): self = .number(Decimal(text: text))
        case .string(let text): self = .text(text.unicodeScalars.map(\.value))
        case .array(let items): self = .array(items.map { Datum($0) })
        case .object(let members):
            self = .object(Dictionary(members.map { ($0.name.unicodeScalars.map(\.value), Datum($0.value)) }, uniquingKeysWith: { $1 }))
        }
    }
}
