internal import FlowCrypto
internal import FlowTensor

/// The leaves of a momentum's digest, taken while a step goes on: three bits of each number with its update, hashes as soon as a layer's experts are done, before
/// the next layer begins.
///
/// This holds for leaves that lie within one layer's experts, nearly all of a large model. The others are read from the finished momentum. Experts that had no token
/// are what they were after the last step, if nothing else changed the momentum since: their leaves keep their hashes, and the bits that such an expert has in the
/// leaf of another one are kept too, as far as there is room.
final class DigestLeaves: @unchecked Sendable {
    private static let leaf = MomentumDigest.leafElements
    /// Bytes of one of a leaf's three planes.
    static let planeLength = leaf / 8
    private static let hashedTogether = 8
    /// Bytes in which planes are kept from one step to the next.
    static let room = 64 << 20

    private let configuration: ModelConfiguration
    /// For each layer, the leaves that hold nothing but its experts.
    private let inner: [Range<Int>]
    /// All others.
    private let outer: [Int]
    private let hashes: UnsafeMutableBufferPointer<Hash256>
    /// A copy of the hashes, of which the root is made.
    private let nodes: UnsafeMutableBufferPointer<Hash256>
    /// Planes of the inner leaves of the first layers, which are kept, and if there are more layers, of one of them at a time.
    private let planes: FixedBuffer<UInt8>
    /// Bytes of the planes of a layer.
    private let layerLength: Int
    /// How many layers' planes are kept.
    private let keptLayers: Int
    /// Of the momentum that the hashes belong to.
    private var edition: Int?
    /// Whether the hashes are those of the momentum before this step.
    private var areOfLastStep = false
    /// A layer's leaves that changed.
    private var changed: [Int] = []
    /// What is to be read from the finished momentum.
    private var remaining: [Int] = []

    init(_ configuration: ModelConfiguration, room: Int) {
        let (layout, leaf) = (configuration.layout, Self.leaf)
        self.configuration = configuration
        let leafCount = (layout.count + leaf - 1) / leaf
        inner = layout.layers.indices.map { layer in
            let end = layer + 1 < layout.layers.count ? layout.layers[layer + 1].attentionNorm : layout.outputNorm
            let first = (layout.layers[layer].gate + leaf - 1) / leaf
            return first..<max(first, end / leaf)
        }
        outer = zip([0] + inner.map(\.upperBound), inner.map(\.lowerBound) + [leafCount]).flatMap { Array($0..<$1) }
        hashes = .allocate(capacity: leafCount)
        hashes.initialize(repeating: .zero)
        nodes = .allocate(capacity: leafCount)
        nodes.initialize(repeating: .zero)
        let most = inner.map(\.count).max() ?? 0
        layerLength = most * 3 * Self.planeLength
        let fitting = min(room / max(layerLength, 1), inner.count)
        keptLayers = fitting == inner.count ? fitting : max(fitting - 1, 0)
        planes = FixedBuffer(min(keptLayers + 1, inner.count) * layerLength, zeroed: false)
        changed.reserveCapacity(most)
        remaining.reserveCapacity(outer.count + inner.count * Self.hashedTogether)
    }

    deinit {
        hashes.deallocate()
        nodes.deallocate()
    }

    /// To be called before a step changes the momentum.
    func begin(_ momentum: ModelState) {
        areOfLastStep = edition == momentum.edition
        edition = nil
        remaining.removeAll(keepingCapacity: true)
        remaining.append(contentsOf: outer)
    }

    /// The next run of an expert's matrix that is updated at once, and where the bits of its momentum belong; nil where they are read later.
    ///
    /// - Parameter rest: what is left of the matrix, as elements of the state.
    func run(layer: Int, _ rest: Range<Int>) -> (count: Int, planes: UnsafeMutablePointer<UInt8>?) {
        let leaves = inner[layer]
        let (first, last) = (leaves.lowerBound * Self.leaf, leaves.upperBound * Self.leaf)
        let place = rest.lowerBound
        if place >= last { return (rest.count, nil) }
        if place < first { return (min(rest.upperBound, first) - place, nil) }
        // A byte that this matrix shares with another one.
        if place % 8 != 0 { return (min(rest.upperBound, (place + 7) / 8 * 8) - place, nil) }
        let whole = (min(rest.upperBound, (place / Self.leaf + 1) * Self.leaf) - place) / 8 * 8
        return whole == 0 ? (rest.count, nil) : (whole, target(place, layer))
    }

    /// Hashes the leaves of a layer that changed; all its experts' numbers are final.
    ///
    /// - Parameter isUntouched: whether an expert had no token, so that its matrices had no run.
    func finish(_ momentum: UnsafePointer<Float>, layer: Int, pool: ThreadPool, isUntouched: (Int) -> Bool) {
        let (leaves, experts, together) = (inner[layer], configuration.expertCount, Self.hashedTogether)
        changed.removeAll(keepingCapacity: true)
        for leaf in leaves where !areOfLastStep || matrices(of: leaf, layer).contains(where: { !isUntouched($0 % experts) }) {
            changed.append(leaf)
        }
        let whole = changed.count / together * together
        remaining.append(contentsOf: changed[whole...])
        pool.run(whole / together + (keeps(layer) ? 1 : 0)) { task in
            let leaves = changed[task * together..<min((task + 1) * together, changed.count)]
            for leaf in leaves { read(momentum, leaf, layer, isUntouched) }
            guard leaves.count == together else { return }
            MomentumDigest.hash(leaves, into: hashes) { UnsafePointer(target($0 * Self.leaf, layer)) }
        }
    }

    /// Hashes what is left, and returns the digest.
    func close(_ momentum: ModelState, pool: ThreadPool) -> Hash256 {
        let together = Self.hashedTogether
        remaining.sort()
        pool.run((remaining.count + together - 1) / together) { task in
            let leaves = remaining[task * together..<min((task + 1) * together, remaining.count)]
            MomentumDigest.hash(momentum, leaves, into: hashes) { leaf in
                guard let layer = inner.firstIndex(where: { $0.contains(leaf) }), keeps(layer) else { return nil }
                return UnsafePointer(target(leaf * Self.leaf, layer))
            }
        }
        edition = momentum.edition
        _ = nodes.update(from: hashes)
        return BulkMerkleTree.root(reducing: nodes)
    }

    private func keeps(_ layer: Int) -> Bool { layer < keptLayers }

    /// Where the bits of an element of a layer's inner leaf begin.
    private func target(_ element: Int, _ layer: Int) -> UnsafeMutablePointer<UInt8> {
        let leaf = min(layer, keptLayers) * layerLength + (element / Self.leaf - inner[layer].lowerBound) * 3 * Self.planeLength
        return planes.pointer + leaf + element % Self.leaf / 8
    }

    private var matrixLength: Int { configuration.expertWidth * configuration.embeddingLength }

    /// The experts' matrices that an inner leaf has a part of, counted through the layer's three tensors.
    private func matrices(of leaf: Int, _ layer: Int) -> ClosedRange<Int> {
        let first = leaf * Self.leaf - configuration.layout.layers[layer].gate
        return first / matrixLength...(first + Self.leaf - 1) / matrixLength
    }

    /// Reads the part of an inner leaf that no run took and that was not kept: experts without a token, and bytes that two matrices share.
    private func read(_ momentum: UnsafePointer<Float>, _ leaf: Int, _ layer: Int, _ isUntouched: (Int) -> Bool) {
        for matrix in matrices(of: leaf, layer) {
            let start = configuration.layout.layers[layer].gate + matrix * matrixLength, end = start + matrixLength
            if isUntouched(matrix % configuration.expertCount), !(areOfLastStep && keeps(layer)) {
                read(momentum, leaf, layer, from: (start + 7) / 8 * 8, to: end / 8 * 8)
            }
            if start % 8 != 0 { read(momentum, leaf, layer, from: start / 8 * 8, to: start / 8 * 8 + 8) }
            if end % 8 != 0 { read(momentum, leaf, layer, from: end / 8 * 8, to: end / 8 * 8 + 8) }
        }
    }

    /// Reads numbers that fill whole bytes, as far as they belong to the leaf.
    private func read(_ momentum: UnsafePointer<Float>, _ leaf: Int, _ layer: Int, from start: Int, to end: Int) {
        let first = max(start, leaf * Self.leaf), last = min(end, (leaf + 1) * Self.leaf)
        guard first < last else { return }
        Canonical.digestPlanes(momentum + first, last - first, into: target(first, layer), stride: Self.planeLength)
    }
}
