import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowRPC

extension NodeMethods {
    var mining: [RPCMethod] {
        [
            RPCMethod("getblocktemplate", template),
            RPCMethod("submitblock") { call in
                guard let bytes = try? Hex.decode(call.string("hexdata")), let block = try? Block(decoding: bytes) else {
                    throw RPCError.deserialization("Block decode failed")
                }
                let fate = try await chain.submit(block)
                return fate.submissionResult.map { .string($0) } ?? .null
            },
            RPCMethod("submitheader") { call in
                guard let bytes = try? Hex.decode(call.string("hexdata")), let header = try? BlockHeader(decoding: bytes) else {
                    throw RPCError.deserialization("Block header decode failed")
                }
                switch try await chain.accept(headers: [header]).refusal {
                case nil: return nil
                case .unknownParent?: throw RPCError.verification("Must submit previous header (\(header.previousHash.displayHex)) first")
                case let refusal?: throw RPCError.verification("\(refusal)")
                }
            },
            RPCMethod("getmininginfo") { _ in
                let tip = await chain.tip()
                let count = await chain.read { $0.mempool.entries.count }
                let training = parameters.training(at: tip.height == .max ? tip.height : tip.height + 1)
                return [
                    "blocks": .integer(tip.height), "difficulty": .double(difficulty(tip.header.bits)), "pooledtx": .integer(count), "networkhashps": .double(await stepRate(over: 120, upTo: tip)),
                    "chain": .string(chainName), "stepsperblock": .integer(training.stepsPerBlock),
                    "firstpayingstep": .integer(training.firstPayingStep), "trainingsteps": .integer(chain.parameters.trainingSteps(before: tip.height &+ 1)),
                    "warnings": .string(await chain.warnings()),
                ]
            },
            RPCMethod("generatetoaddress") { call in
                try await generate(call.integer("nblocks"), to: call.string("address"), attempts: call.integer("maxtries"))
            },
            RPCMethod("generateblock") { call in
                let program = try program(call.string("output"))
                var transactions: [Transaction] = []
                for item in try call.array("transactions") {
                    guard let text = item.stringValue else { throw RPCError.misc("JSON value is not a string as expected") }
                    transactions.append(try await waitingOrGiven(text))
                }
                do {
                    let hashes = try await miner.mine(1, paying: program, holding: transactions)
                    return ["hash": .string(hashes.first?.displayHex ?? "")]
                } catch let rejection as MempoolRejection {
                    throw RPCError.verification("TestBlockValidity failed: \(rejection.reason)")
                }
            },
        ]
    }

    /// A waiting transaction by its id, or one by its bytes.
    private func waitingOrGiven(_ text: String) async throws -> Transaction {
        if text.utf8.count == 64, let txid = try? Hash256(displayHex: text) {
            guard let entry = await chain.read({ $0.mempool[txid] }) else { throw RPCError.notFound("Transaction \(text) not in mempool.") }
            return entry.transaction
        }
        guard let transaction = try? RPCArguments.transaction(text) else {
            throw RPCError.deserialization("Transaction decode failed for \(text.prefix(100)). Make sure the tx has at least one input.")
        }
        return transaction
    }

    private func generate(_ count: Int64, to address: String, attempts: Int64) async throws -> JSONValue {
        let program = try program(address)
        guard (0...100_000).contains(count) else { throw RPCError.invalidParameter("nblocks must be 0 to 100000") }
        guard attempts >= 0 else { throw RPCError.invalidParameter("maxtries must not be negative") }
        if count == 0 { return [] }
        let hashes = try await miner.mine(Int(count), paying: program, attempts: UInt64(attempts))
        return .array(hashes.map { .string($0.displayHex) })
    }

    private func template(_ call: RPCCall) async throws -> JSONValue {
        if let request = call.given("template_request") {
            guard case .object = request else { throw RPCError.type("JSON value is not an object as expected") }
            if let mode = request["mode"], mode == "proposal" { return try await refusal(ofProposal: request) }
            if let mode = request["mode"], mode != "template" { throw RPCError.invalidParameter("Invalid mode") }
            if let id = request["longpollid"]?.stringValue { try await waitForNewTip(id) }
        }
        let template = try await chain.blockTemplate()
        let places = Dictionary(uniqueKeysWithValues: template.transactions.enumerated().map { ($0.element.txid, $0.offset + 1) })
        let transactions = template.transactions.map { entry -> JSONValue in
            let depends = Set(entry.transaction.inputs.compactMap { places[$0.outPoint.txid] }).sorted()
            return [
                "data": .string(Hex.encode(entry.transaction.encoded)), "txid": .string(entry.txid.displayHex),
                "hash": .string(entry.transaction.witnessHash.displayHex), "depends": .array(depends.map { .integer($0) }),
                "fee": .integer(entry.fee.haruki), "size": .integer(entry.size), "weight": .integer(entry.cost),
                "sigops": .integer(entry.signatureChecks),
            ]
        }
        let target = template.bits.target.map { $0.description } ?? ""
        return [
            "capabilities": ["proposal"], "version": .integer(template.version), "rules": [], "previousblockhash": .string(template.previousHash.displayHex),
            "transactions": .array(transactions), "coinbaseaux": [:], "coinbasevalue": .integer(template.coinbaseValue.haruki),
            "longpollid": .string(template.previousHash.displayHex), "target": .string(target), "mintime": .integer(template.minimumTime),
            "mutable": ["time", "transactions", "prevblock"], "noncerange": "0000000000000000ffffffffffffffff",
            "sizelimit": .integer(ConsensusLimits.blockSize), "weightlimit": .integer(ConsensusLimits.blockCost),
            "sigoplimit": .integer(ConsensusLimits.signatureChecks), "curtime": .integer(template.time), "bits": .string(template.bits.description),
            "height": .integer(template.height), "modelroot": .string(template.modelRoot.displayHex),
            "stepsperblock": .integer(template.stepsPerBlock), "firstpayingstep": .integer(template.firstPayingStep),
            "trainingsteps": .integer(chain.parameters.trainingSteps(before: template.height)), "learningrateunits": .array(template.learningRateUnits.map { .integer($0) }),
            "corpusroot": .string(template.corpus.root.displayHex), "corpuslength": .integer(template.corpus.length),
            "rulesroot": .string(template.rulesRoot.displayHex),
        ]
    }

    /// null where the block keeps the rules, else the reason (BIP-23).
    private func refusal(ofProposal request: JSONValue) async throws -> JSONValue {
        guard let text = request["data"]?.stringValue else { throw RPCError.type("Missing data String key for proposal") }
        guard let bytes = try? Hex.decode(text), let block = try? Block(decoding: bytes) else { throw RPCError.deserialization("Block decode failed") }
        return try await chain.read { try $0.refusal(ofProposal: block) }.map { .string($0) } ?? .null
    }

    /// Waits until the tip is another one than the id names, a minute at most.
    private func waitForNewTip(_ id: String) async throws {
        let events = chain.events()
        guard await chain.tip().hash.displayHex == id else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in events { if case .tip = event { return } }
            }
            group.addTask { try? await Task.sleep(for: .seconds(60)) }
            await group.next()
            group.cancelAll()
        }
    }
}
