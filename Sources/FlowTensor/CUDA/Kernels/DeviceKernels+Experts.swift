extension DeviceKernels {
    // MARK: Routing

    /// Logits become probabilities in place; `chosen` and `weights` receive each token's two experts, the lower index first.
    func route(
        _ logits: DevicePointer, tokens: Int, experts: Int, chosen: DevicePointer, weights: DevicePointer
    ) throws(CUDAFault) {
        try launch(.route, .rows(tokens), .at(logits), .count(tokens), .count(experts), .at(chosen), .at(weights))
    }

    /// The slots by expert, then by token.
    ///
    /// - Parameters:
    ///   - first: experts + 1 numbers, the first slot of each expert and the end.
    ///   - slotTokens: the token of each slot; `choices`: token · 2 + 0 or 1 of each slot; `slots`: the slot of each choice.
    func arrange(
        _ chosen: DevicePointer, tokens: Int, experts: Int, first: DevicePointer, slotTokens: DevicePointer, choices: DevicePointer,
        slots: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .arrange, LaunchGrid(blocks: (1, 1), threads: (256, 1)), .at(chosen), .count(tokens), .count(experts), .at(first),
            .at(slotTokens), .at(choices), .at(slots))
    }

    // MARK: SwiGLU and the slots

    /// `Canonical.swiGLU`.
    func swiGLU(gate: DevicePointer, up: DevicePointer, count: Int, into a: DevicePointer) throws(CUDAFault) {
        try launch(.swiGLU, .elements(count), .at(gate), .at(up), .count(count), .at(a))
    }

    /// `Canonical.swiGLUBackward`.
    func swiGLUBackward(
        gate: DevicePointer, up: DevicePointer, da: DevicePointer, count: Int, dGate: DevicePointer, dUp: DevicePointer,
        activation: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .swiGLUBackward, .elements(count), .at(gate), .at(up), .at(da), .count(count), .at(dGate), .at(dUp), .at(activation))
    }

    /// `Canonical.combine` of each token's two slots; without weights their sum.
    func combine(
        _ x: DevicePointer, slots: DevicePointer, weights: DevicePointer, tokens: Int, columns: Int, into y: DevicePointer
    ) throws(CUDAFault) {
        try launch(.combine, .rowBlocks(tokens), .at(x), .at(slots), .at(weights), .count(columns), .at(y))
    }

    /// For each slot `dO = w·dy` and `dw = lanedot(dy, O)`.
    func expertOutputGradient(
        dy: DevicePointer, outputs: DevicePointer, choices: DevicePointer, weights: DevicePointer, slots: Int, columns: Int,
        dOutputs: DevicePointer, dWeights: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .expertOutputGradient, .rows(slots), .at(dy), .at(outputs), .at(choices), .at(weights), .count(slots), .count(columns),
            .at(dOutputs), .at(dWeights))
    }

    // MARK: The router's gradient

    /// The balancing term of each expert; `factor` is β · X.
    func balance(_ first: DevicePointer, experts: Int, tokens: Int, factor: Float, into balance: DevicePointer) throws(CUDAFault) {
        try launch(.balance, .elements(experts), .at(first), .count(experts), .count(tokens), .number(factor), .at(balance))
    }

    /// The gradient of the router's logits.
    func routerGradient(
        _ probabilities: DevicePointer, balance: DevicePointer, chosen: DevicePointer, weights: DevicePointer, dWeights: DevicePointer,
        tokens: Int, experts: Int, into dz: DevicePointer
    ) throws(CUDAFault) {
        try launch(
            .routerGradient, .rows(tokens), .at(probabilities), .at(balance), .at(chosen), .at(weights), .at(dWeights), .count(tokens),
            .count(experts), .at(dz))
    }
}
