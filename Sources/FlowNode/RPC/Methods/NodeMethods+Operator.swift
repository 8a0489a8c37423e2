import FlowConsensus
import FlowCrypto
import FlowRPC

extension NodeMethods {
    /// What the node's operator may do with blocks and coins.
    var operation: [RPCMethod] {
        [
            RPCMethod("invalidateblock") { call in
                let hash = try call.hash("blockhash")
                _ = try await entry(hash)
                do { try await chain.invalidate(hash) } catch { throw RPCError.database("\(error)") }
                return nil
            },
            RPCMethod("preciousblock") { call in
                let hash = try call.hash("blockhash")
                _ = try await entry(hash)
                try await chain.prefer(hash)
                return nil
            },
            RPCMethod("verifychain") { call in
                let number = try call.integer("checklevel")
                guard let level = ChainVerification.Level(rawValue: Int(clamping: number)) else {
                    throw RPCError.invalidParameter("checklevel must be 0 to \(ChainVerification.Level.allCases.count - 1), got \(number)")
                }
                let count = try call.integer("nblocks")
                guard count >= 0 else { throw RPCError.invalidParameter("nblocks must not be negative, got \(count)") }
                let all = await Int(clamping: chain.tip().height) + 1
                do {
                    _ = try await chain.study({ try $0.verification() }) { try $0.run(last: count == 0 ? all : min(all, Int(clamping: count)), level: level) }
                    return true
                } catch is NodeError {
                    return false
                }
            },
            RPCMethod("scantxoutset") { call in
                switch try call.string("action") {
                case "start": break
                // A scan answers when it is done, so there is none to ask about or to end.
                case "abort": return false
                case "status": return nil
                case let action: throw RPCError.invalidParameter("Invalid action '\(action)'")
                }
                guard call.given("scanobjects") != nil else { throw RPCError.misc("scanobjects argument is required for the start action") }
                var programs: Set<LockProgram> = []
                for item in try call.array("scanobjects") {
                    guard let text = item.stringValue ?? item["desc"]?.stringValue else { throw RPCError.invalidParameter("Scan object needs to be either a string or an object") }
                    let address = text.hasPrefix("addr(") && text.hasSuffix(")") ? String(text.dropFirst(5).dropLast()) : text
                    guard let program = (try? Address(address, prefix: parameters.addressPrefix))?.program else { throw RPCError.notFound("Invalid address: \(text)") }
                    programs.insert(program)
                }
                let wanted = programs
                let found = try await chain.study({ try $0.coinScan() }) { try $0.run(for: wanted) }
                return [
                    "success": true, "txouts": .integer(found.scanned), "height": .integer(found.tip.height), "bestblock": .string(found.tip.hash.displayHex),
                    "unspents": .array(found.coins.map { outPoint, coin in
                        [
                            "txid": .string(outPoint.txid.displayHex), "vout": .integer(outPoint.index), "scriptPubKey": shape.program(coin.output.program),
                            "amount": .amount(haruki: coin.output.value.haruki), "height": .integer(coin.height), "coinbase": .bool(coin.isCoinbase),
                        ]
                    }),
                    "total_amount": .amount(haruki: found.total.haruki),
                ]
            },
        ]
    }
}
