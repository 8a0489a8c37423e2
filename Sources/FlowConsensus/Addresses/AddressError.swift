public import FlowEncoding

/// Why a text is no address of this network.
@nonexhaustive
public enum AddressError: Error, Equatable, Sendable {
    /// The text is no bech32 or bech32m address at all.
    case malformed(Bech32Error)
    /// The address belongs to another network.
    case wrongNetwork(expected: String, actual: String)
    /// Version 0 has programs of 20 bytes only.
    case programLength(expected: Int, actual: Int)
}

extension AddressError: CustomStringConvertible {
    public var description: String {
        switch self {
        case let .malformed(error): "not an address: \(error)"
        case let .wrongNetwork(expected, actual):
            "the address starts with \"\(actual)\", expected \"\(expected)\": it belongs to another network"
        case let .programLength(expected, actual):
            "the address holds \(actual) bytes, expected \(expected) for version 0; check that it is an address of this chain"
        }
    }
}
