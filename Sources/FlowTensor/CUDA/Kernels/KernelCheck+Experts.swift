extension KernelCheck {
    func experts() throws(CUDAFault) {
        for experts in [2, 16, 37] { try routing(experts) }
        for columns in Self.lengths {
            try swiGLU(columns * 3)
            try slots(columns)
        }
    }

    /// The two largest of the logits, ties to the lower index, in ascending index.
    private static func topTwo(_ z: [Float]) -> [Int] {
        z.indices.sorted { z[$0] != z[$1] ? z[$0] > z[$1] : $0 < $1 }.prefix(2).sorted()
    }

    private func routing(_ experts: Int) throws(CUDAFault) {
        let tokens = 29
        var logits = numbers(tokens * experts, list: 20)
        // A token whose logits are all the same, one with zeros of both signs, and one with a tie at the top.
        for e in 0..<experts {
            logits[experts + e] = 0.5
            logits[2 * experts + e] = e % 2 == 0 ? -0.0 : 0
        }
        logits[4 * experts - 1] = 3_000
        logits[3 * experts] = 3_000
        var (probabilities, weights): ([Float], [Float]) = ([], [])
        var chosen: [Int32] = []
        for token in 0..<tokens {
            var p = Self.row(logits, token, experts)
            let best = Self.topTwo(p)
            _ = CanonicalReference.softmax(p, experts, into: &p)
            probabilities += p
            chosen += best.map { Int32($0) }
            for e in best { weights.append(p[e] / (p[best[0]] + p[best[1]])) }
        }
        try compare("routing") { memory throws(CUDAFault) in
            let z = try memory.put(logits), pairs = try memory.room(8 * tokens), shares = try memory.floats(2 * tokens)
            try kernels.route(z, tokens: tokens, experts: experts, chosen: pairs, weights: shares)
            try memory.expect(chosen, at: pairs, "routing's choices")
            try memory.expect(weights, at: shares, "routing's weights")
            try memory.expect(probabilities, at: z, "routing's probabilities")
        }
        try arrangement(chosen, tokens, experts)
        try routerGradient(chosen, tokens, experts)
    }

    private func arrangement(_ chosen: [Int32], _ tokens: Int, _ experts: Int) throws(CUDAFault) {
        let order = chosen.indices.sorted { chosen[$0] != chosen[$1] ? chosen[$0] < chosen[$1] : $0 < $1 }
        var slots = [Int32](repeating: 0, count: 2 * tokens)
        for (slot, choice) in order.enumerated() { slots[choice] = Int32(slot) }
        let first = (0...experts).map { e in Int32(chosen.count { Int($0) < e }) }
        let factor: Float = 0.37
        let balance = (0..<experts).map { e in (factor * (Float(first[e + 1] - first[e]) / Float(2 * tokens))) / Float(tokens) }
        try compare("arranging slots") { memory throws(CUDAFault) in
            let pointers = (
                try memory.room(4 * (experts + 1)), try memory.room(8 * tokens), try memory.room(8 * tokens), try memory.room(8 * tokens)
            )
            try kernels.arrange(
                try memory.put(chosen), tokens: tokens, experts: experts, first: pointers.0, slotTokens: pointers.1, choices: pointers.2,
                slots: pointers.3)
            try memory.expect(first, at: pointers.0, "first slots")
            try memory.expect(order.map { Int32($0 / 2) }, at: pointers.1, "the slots' tokens")
            try memory.expect(order.map { Int32($0) }, at: pointers.2, "the slots' choices")
            try memory.expect(slots, at: pointers.3, "the choices' slots")
            let target = try memory.floats(experts)
            try kernels.balance(pointers.0, experts: experts, tokens: tokens, factor: factor, into: target)
            try memory.expect(balance, at: target, "the balancing terms")
        }
    }

    private func routerGradient(_ chosen: [Int32], _ tokens: Int, _ experts: Int) throws(CUDAFault) {
        let p = numbers(tokens * experts, list: 21), balance = numbers(experts, list: 22)
        let weights = numbers(2 * tokens, list: 23), dWeights = numbers(2 * tokens, list: 24)
        var expected: [Float] = []
        for token in 0..<tokens {
            var dz = Self.zeros(experts)
            CanonicalReference.softmaxBackward(Self.row(p, token, experts), dp: balance, experts, factor: 1, into: &dz)
            let (a, b) = (Int(chosen[2 * token]), Int(chosen[2 * token + 1]))
            let v = (weights[2 * token] * weights[2 * token + 1]) * (dWeights[2 * token] - dWeights[2 * token + 1])
            dz[a] = dz[a] + v
            dz[b] = dz[b] - v
            expected += dz
        }
        try compare("the router's gradient") { memory throws(CUDAFault) in
            let dz = try memory.floats(tokens * experts)
            try kernels.routerGradient(
                try memory.put(p), balance: try memory.put(balance), chosen: try memory.put(chosen), weights: try memory.put(weights),
                dWeights: try memory.put(dWeights), tokens: tokens, experts: experts, into: dz)
            try memory.expect(expected, at: dz, "the router's gradient")
        }
    }

    private func swiGLU(_ n: Int) throws(CUDAFault) {
        let g = numbers(n, list: 25), u = numbers(n, list: 26), d = numbers(n, list: 27)
        var (a, dGate, dUp, again) = (Self.zeros(n), Self.zeros(n), Self.zeros(n), Self.zeros(n))
        CanonicalReference.swiGLU(gate: g, up: u, n, into: &a)
        CanonicalReference.swiGLUBackward(gate: g, up: u, da: d, n, dGate: &dGate, dUp: &dUp, activation: &again)
        try compare("SwiGLU") { memory throws(CUDAFault) in
            let gate = try memory.put(g), up = try memory.put(u), target = try memory.floats(n)
            try kernels.swiGLU(gate: gate, up: up, count: n, into: target)
            try memory.expect(a, at: target, "SwiGLU")
            // The gradient of the gate replaces that of the activation, as in a trainer.
            let gradient = try memory.put(d), upGradient = try memory.floats(n), activation = try memory.floats(n)
            try kernels.swiGLUBackward(
                gate: gate, up: up, da: gradient, count: n, dGate: gradient, dUp: upGradient, activation: activation)
            try memory.expect(dGate, at: gradient, "SwiGLU's backward, gate")
            try memory.expect(dUp, at: upGradient, "SwiGLU's backward, up")
            try memory.expect(again, at: activation, "SwiGLU's backward, activation")
        }
    }

    private func slots(_ n: Int) throws(CUDAFault) {
        let tokens = 9
        let x = numbers(2 * tokens * n, list: 28), dy = numbers(tokens * n, list: 29)
        let weights = numbers(2 * tokens, list: 30)
        let slots = (0..<2 * tokens).map { Int32($0 * 7 % (2 * tokens)) }
        var choices = slots
        for (choice, slot) in slots.enumerated() { choices[Int(slot)] = Int32(choice) }
        var (combined, sums, dOutputs): ([Float], [Float], [Float]) = ([], [], [])
        var dWeights = Self.zeros(2 * tokens)
        for token in 0..<tokens {
            let a = Self.row(x, Int(slots[2 * token]), n), b = Self.row(x, Int(slots[2 * token + 1]), n)
            var (y, sum) = (Self.zeros(n), Self.zeros(n))
            CanonicalReference.combine(a, weight: weights[2 * token], b, weight: weights[2 * token + 1], n, into: &y)
            CanonicalReference.add(a, b, n, into: &sum)
            combined += y
            sums += sum
        }
        for slot in 0..<2 * tokens {
            let choice = Int(choices[slot])
            let gradient = Self.row(dy, choice / 2, n)
            var scaled = Self.zeros(n)
            CanonicalReference.scale(gradient, by: weights[choice], n, into: &scaled)
            dWeights[choice] = CanonicalReference.laneDot(gradient, Self.row(x, slot, n), n)
            dOutputs += scaled
        }
        try compare("the slots' rows") { memory throws(CUDAFault) in
            let outputs = try memory.put(x), places = try memory.put(slots), shares = try memory.put(weights)
            let y = try memory.floats(tokens * n)
            try kernels.combine(outputs, slots: places, weights: shares, tokens: tokens, columns: n, into: y)
            try memory.expect(combined, at: y, "combining two experts")
            try kernels.combine(outputs, slots: places, weights: 0, tokens: tokens, columns: n, into: y)
            try memory.expect(sums, at: y, "adding two slots")
            let scaled = try memory.floats(2 * tokens * n), dots = try memory.floats(2 * tokens)
            try kernels.expertOutputGradient(
                dy: try memory.put(dy), outputs: outputs, choices: try memory.put(choices), weights: shares, slots: 2 * tokens, columns: n,
                dOutputs: scaled, dWeights: dots)
            try memory.expect(dOutputs, at: scaled, "the gradient of the experts' outputs")
            try memory.expect(dWeights, at: dots, "the gradient of the experts' weights")
        }
    }
}
