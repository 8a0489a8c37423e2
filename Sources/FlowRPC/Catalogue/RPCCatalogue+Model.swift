extension RPCCatalogue {
    static let model: [RPCDeclaration] = [
        RPCDeclaration(
            "exportmodel", .model, [.required("path", .string, "The file to write."), .optional("type", .string, default: "f16", "f32, f16 or q8_0.")],
            "Writes the tip's model as a GGUF file that llama.cpp loads."),
        RPCDeclaration("getgrowthschedule", .model, "The sizes of the model by height, planned ones and those of amendments, with what a step costs compared with one of the stage before."),
        RPCDeclaration(
            "getmodelinfo", .model, [.optional("history", .integer, default: 0, "The losses of so many last blocks too.")],
            "The model after the tip: root, size, loss, and what model.gguf in the data directory holds."),
        RPCDeclaration(
            "gettraininginfo", .model,
            "How far the training has come: steps and tokens, how often the text in force was seen since it is, and the share of gradient rows that the last replayed step left out because they are zero, which grows as text is learnt (null before the first replay). replayedsteps counts the steps of blocks, right and false ones, that this node trained since it started."),
    ]
}
