import FlowConsensus
import FlowCrypto
import FlowModel
import FlowTensor

extension NodeMethods {
    var model: [RPCMethod] {
        [
            RPCMethod("gettraininginfo", category: "Model", summary: "How far the training has come: steps and tokens, how often the text in force was seen since it is, and the share of gradient rows that the last replayed step left out because they are zero, which grows as text is learnt (null before the first replay). replayedsteps counts the steps of blocks, right and false ones, that this node trained since it started.") { _ in
                let height = await chain.tip().height
                let progress = self.parameters.trainingProgress(after: height)
                return [
                    "height": .integer(height), "steps": .integer(progress.steps), "tokens": .integer(progress.tokens),
                    "corpusroot": .string(progress.corpus.root.displayHex), "corpuslength": .integer(progress.corpus.length),
                    "trainingbytes": .integer(progress.trainingBytes), "corpusheight": .integer(progress.corpusHeight),
                    "epochs": .double(progress.trainingBytes == 0 ? 0 : Double(progress.corpusTokens) / Double(progress.trainingBytes)), "zerorowshare": Self.optional(await chain.zeroRowShare()),
                    "replayedsteps": .integer(await chain.replayedSteps()),
                ]
            },
            RPCMethod("getmodelinfo", category: "Model", parameters: ["?history"], summary: "The model after the tip: root, size, loss, and what model.gguf in the data directory holds. With history, the losses of the last blocks too.") { parameters in
                let (tip, weights) = await chain.modelSnapshot()
                let configuration = weights.configuration
                let next = self.parameters.growthSchedule.first { UInt64($0.height) > UInt64(tip.height) + 1 }
                var members: [JSONValue.Member] = [
                    .init("height", .integer(tip.height)), .init("blockhash", .string(tip.hash.displayHex)),
                    .init("modelroot", tip.resultRoot.map { .string($0.displayHex) } ?? .null),
                    .init("trainingsteps", .integer(chain.parameters.trainingSteps(before: tip.height &+ 1))), .init("parameters", .integer(configuration.parameterCount)),
                    .init("activeparameters", .integer(configuration.activeParameterCount)),
                    .init("embeddinglength", .integer(configuration.embeddingLength)), .init("layers", .integer(configuration.layerCount)),
                    .init("heads", .integer(configuration.headCount)), .init("experts", .integer(configuration.expertCount)),
                    .init("expertwidth", .integer(configuration.expertWidth)), .init("contextlength", .integer(configuration.contextLength)),
                    .init("heldoutloss", Self.optional(tip.heldOutLoss)), .init("corpusroot", .string(self.parameters.corpusRoot.displayHex)),
                    .init("corpuslength", .integer(self.parameters.corpusLength)),
                    .init("backend", .string(chain.environment.backend.name)),
                    .init("nextgrowthheight", next.map { .integer($0.height) } ?? .null),
                ]
                members += await fileMembers(tip: tip)
                let count = try parameters.integer(0, default: 0)
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
            RPCMethod("exportmodel", category: "Model", parameters: ["path", "?type"], summary: "Writes the tip's model as a GGUF file that llama.cpp loads; type is f32, f16 (the default) or q8_0.") { parameters in
                let path = try parameters.string(0)
                let type = parameters.optional(1) == nil ? ExportFormat.f16.rawValue : try parameters.string(1)
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
