public import FlowConsensus

extension Wallet {
    /// An address that was not handed out before.
    public func newAddress(label: String = "") throws(WalletError) -> Address {
        let address = try address(of: takeKey(.receive).program)
        if !label.isEmpty { contents.labels[address.description] = label }
        try save()
        return address
    }

    /// Labels by address, of other people's addresses too; an address that was handed out without one is not listed.
    public var labels: [String: String] { contents.labels }

    /// The label of an address.
    public func label(of address: Address) -> String? { contents.labels[address.description] }

    /// Gives an address a label, of this wallet or not; the empty one takes it away.
    public func setLabel(_ label: String, of address: Address) throws(WalletError) {
        contents.labels[address.description] = label.isEmpty && holder(of: address.program) != nil ? nil : label
        try save()
    }

    /// Addresses that were handed out or met on the chain, change left out, and those that are watched; in the order of their keys.
    public var addresses: [Address] {
        let handedOut = ring.keys[.receive, default: []].prefix(Int(clamping: ring.next[.receive, default: 0])).map(\.program)
        let watched = watched.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        return (handedOut + watched).compactMap { try? address(of: $0) }
    }
}
