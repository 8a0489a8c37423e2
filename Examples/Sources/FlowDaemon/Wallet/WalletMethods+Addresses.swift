import FlowConsensus
import FlowEncoding
import FlowRPC
import FlowWallet

/// Addresses and labels.
extension WalletMethods {
    var addresses: [RPCMethod] {
        [
            RPCMethod("getnewaddress") { call in
                try Self.checkType(call)
                let label = try Self.label(call.string("label"))
                return .string(try await service.wallet(call.wallet).newAddress(label: label).description)
            },
            RPCMethod("getrawchangeaddress") { call in
                try Self.checkType(call)
                return .string(try await service.wallet(call.wallet).newChangeAddress().description)
            },
            RPCMethod("setlabel") { call in
                let wallet = try await service.wallet(call.wallet)
                let address = try WalletArguments.address(call.string("address"), wallet)
                try await wallet.setLabel(Self.label(call.string("label")), of: address)
                return .null
            },
            RPCMethod("listlabels") { call in
                let wallet = try await service.wallet(call.wallet)
                let purpose = try call.given("purpose").map { _ throws(RPCError) in try call.string("purpose") }
                let labels = try await Self.labelled(wallet).filter { purpose == nil || purpose == "" || $0.purpose == purpose }.map(\.label)
                return .array(Set(labels).sorted().map { .string($0) })
            },
            RPCMethod("getaddressesbylabel") { call in
                let wallet = try await service.wallet(call.wallet)
                let label = try Self.label(call.string("label"))
                let found = try await Self.labelled(wallet).filter { $0.label == label }
                guard !found.isEmpty else { throw RPCError(-11, "No addresses with label \(label)") }
                return .object(found.map { .init($0.address.description, ["purpose": .string($0.purpose)]) })
            },
            RPCMethod("getaddressinfo", addressInformation),
        ]
    }

    /// `*` stands for all labels.
    static func label(_ text: String) throws(RPCError) -> String {
        guard text != "*" else { throw RPCError(-11, "Invalid label name") }
        return text
    }

    private static func checkType(_ call: RPCCall) throws(RPCError) {
        guard let type = call.given("address_type") else { return }
        guard let word = type.stringValue, ["legacy", "p2sh-segwit", "bech32"].contains(word) else {
            throw .notFound("Unknown address type '\(type.stringValue ?? "")'")
        }
    }

    /// All addresses that were handed out, are watched or have a label.
    static func labelled(_ wallet: Wallet) async throws -> [(address: Address, label: String, purpose: String)] {
        let (own, labels) = await (wallet.addresses, wallet.labels)
        var known = own.map { (address: $0, label: labels[$0.description] ?? "", purpose: "receive") }
        let names = Set(own.map(\.description))
        for (text, label) in labels.sorted(by: { $0.key < $1.key }) where !names.contains(text) {
            guard let address = try? Address(text, prefix: wallet.network.addressPrefix) else { continue }
            known.append((address, label, await wallet.holder(of: address.program) == nil ? "send" : "receive"))
        }
        return known
    }

    private func addressInformation(_ call: RPCCall) async throws -> JSONValue {
        let wallet = try await service.wallet(call.wallet)
        let address = try WalletArguments.address(call.string("address"), wallet, "Invalid address")
        let (holder, label) = await (wallet.holder(of: address.program), wallet.label(of: address))
        var members: [JSONValue.Member] = [
            .init("address", .string(address.description)), .init("scriptPubKey", .string(Hex.encode(address.program.encoded))),
            .init("ismine", .bool(holder?.key != nil)), .init("solvable", .bool(holder?.publicKey != nil)), .init("iswatchonly", .bool(holder?.isWatched == true)),
            .init("isscript", false), .init("iswitness", true), .init("witness_version", .integer(address.program.version)),
            .init("witness_program", .string(Hex.encode(address.program.bytes))),
        ]
        if let publicKey = holder?.publicKey { members.append(.init("pubkey", .string("\(publicKey)"))) }
        members.append(.init("ischange", .bool(holder?.key?.branch == .change)))
        if let key = holder?.key { members.append(.init("hdkeypath", .string("m/44'/9555'/0'/\(key.branch.rawValue)'/\(key.index)'"))) }
        let isHandedOut = await wallet.addresses.contains(address)
        members.append(.init("labels", .array(label.map { [.string($0)] } ?? (isHandedOut ? [""] : []))))
        return .object(members)
    }
}
