import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor
import FlowRPC

extension NodeMethods {
    var model: [RPCMethod] {
        [
            RPCMethod("gettraininginfo") { _ in
                let height = await chain.tip().height
                let progress = parameters.trainingProgress(after: height)
                return [
                    "height": .integer(height), "steps": .integer(progress.steps), "tokens": .integer(progress.tokens),
                    "corpusroot": .string(progress.corpus.root.displayHex), "corpuslength": .integer(progress.corpus.length),
                    "trainingbytes": .integer(progress.trainingBytes), "corpusheight": .integer(progress.corpusHeight),
                    "epochs": .double(progress.trainingBytes == 0 ? 0 : Double(progress.corpusTokens) / Double(progress.trainingBytes)), "zerorowshare": Self.optional(await chain.read { $0.zeroRowShare }),
                    "replayedsteps": .integer(await chain.read { $0.replayedSteps }),
                ]
            },
            RPCMethod("getmodelinfo") { call in
                let (tip, weights) = await chain.modelSnapshot()
                let configuration = weights.configuration
                let next = parameters.growthSchedule.first { UInt64($0.height) > UInt64(tip.height) + 1 }
                var members: [JSONValue.Member] = [
                    .init("height", .integer(tip.height)), .init("blockhash", .string(tip.hash.displayHex)),
                    .init("modelroot", tip.resultRoot.map { .string($0.displayHex) } ?? .null),
                    .init("trainingsteps", .integer(chain.parameters.trainingSteps(before: tip.height &+ 1))), .init("parameters", .integer(configuration.parameterCount)),
                    .init("activeparameters", .integer(configuration.activeParameterCount)),
                    .init("embeddinglength", .integer(configuration.embeddingLength)), .init("layers", .integer(configuration.layerCount)),
                    .init("heads", .integer(configuration.headCount)), .init("experts", .integer(configuration.expertCount)),
                    .init("expertwidth", .integer(configuration.expertWidth)), .init("contextlength", .integer(configuration.contextLength)),
                    .init("heldoutloss", Self.optional(tip.heldOutLoss)), .init("corpusroot", .string(parameters.corpusRoot.displayHex)),
                    .init("corpuslength", .integer(parameters.corpusLength)),
                    .init("backend", .string(chain.environment.backend.name)),
                    .init("nextgrowthheight", next.map { .integer($0.height) } ?? .null),
                ]
                members += await fileMembers(tip: tip)
                let count = try call.integer("history")
                guard (0...100_000).contains(count) else { throw RPCError.invalidParameter("history must be 0 to 100000") }
                if count > 0 {
                    let history = await chain.lossHistory(limit: Int(count)).map { entry -> JSONValue in
                        [
                            "height": .integer(entry.height), "hash": .string(entry.hash.displayHex), "steps": .integer(entry.header.steps),
                            "trainingloss": Self.optional(entry.trainingLoss), "heldoutloss": Self.optional(entry.heldOutLoss),
                        ]
                    }
                    members.append(.init("losshistory", .array(history)))
                }
                return .object(members)
            },
            RPCMethod("exportmodel") { call in
                let path = try call.string("path")
                let type = call.given("type") == nil ? ExportFormat.f16.rawValue : try call.string("type")
                guard let format = ExportFormat(rawValue: type) else {
                    throw RPCError.invalidParameter("Unknown type \(type); expected \(ExportFormat.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                let tip = try await chain.exportModel(to: path, format: format)
                return [
                    "path": .string(path), "type": .string(format.rawValue), "height": .integer(tip.height),
                    "blockhash": .string(tip.hash.displayHex), "modelroot": tip.resultRoot.map { .string($0.displayHex) } ?? .null,
                ]
            },
        ]
    }

    /// What the kept file holds: null when there is none, and why it is not the tip's when something is wrong.
    private func fileMembers(tip: BlockIndexEntry) async -> [JSONValue.Member] {
        let file = await modelFile?.file
        var members: [JSONValue.Member] = [
            .init("file", file.map { file -> JSONValue in
                [
                    "path": .string(file.path), "type": .string(file.format.rawValue), "size": .integer(file.byteCount),
                    "height": .integer(file.height), "blockhash": .string(file.blockHash.displayHex),
                    "modelroot": .string(file.modelRoot.displayHex), "current": .bool(file.blockHash == tip.hash),
                ]
            } ?? .null)
        ]
        if let warning = await modelFile?.warning { members.append(.init("filewarning", .string(warning.message))) }
        return members
    }
}
