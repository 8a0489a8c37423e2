@testable import FlowConsensus
import FlowCrypto
import FlowEncoding

/// What a peer sends about the chain: the decoders of headers, blocks and transactions with all checks that need no coins, and
/// the order of events of a `BlockTree`. The first byte of an input says which.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let data, count > 0 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data, count: count).dropFirst())
    if data[0] % 3 == 0 {
        decode(bytes)
    } else {
        var events = Events(bytes, isTight: data[0] % 3 == 2)
        events.run()
    }
    return 0
}

private let parameters: ChainParameters = {
    var parameters = ChainParameters.regtest
    parameters.name = "fuzz"
    parameters.powLimit = CompactTarget(bits: 0x207f_ffff)
    return parameters
}()
private let validator = BlockValidator(parameters: parameters)

private func decode(_ bytes: [UInt8]) {
    if let block = try? Block(decoding: bytes) {
        guard block.encoded == bytes else { fatalError("a block that decodes encodes otherwise") }
        _ = try? validator.checkForm(block)
        _ = try? validator.checkDigestChain(block)
        _ = try? validator.connect(block, coins: CoinTable(), context: HeaderChain(genesis: parameters.genesisBlock.header))
    }
    if let transaction = try? Transaction(decoding: bytes) {
        guard transaction.encoded == bytes else { fatalError("a transaction that decodes encodes otherwise") }
        _ = try? TransactionRules.checkForm(transaction)
    }
    if let header = try? BlockHeader(decoding: bytes) {
        guard header.encoded == bytes else { fatalError("a header that decodes encodes otherwise") }
        _ = try? validator.checkHeader(header)
    }
    _ = try? BlockUndo(decoding: bytes)
    _ = try? Coin(decoding: bytes)
    _ = try? BlockLocator(decoding: bytes)
}

/// Plays a tree the events that bytes stand for, and looks at it after each.
private struct Events {
    private var bytes: ArraySlice<UInt8>
    private var tree: BlockTree
    private var headers = [parameters.genesisBlock.header]
    private let limits: BlockTree.Limits

    init(_ bytes: [UInt8], isTight: Bool = false) {
        self.bytes = bytes[...]
        var limits = BlockTree.Limits()
        if isTight {
            limits.headers = 12
            limits.headersPerBranch = 6
            limits.branchesPerPeer = 2
            limits.bodyBytes = 900
            limits.bodyBytesPerPeer = 400
            limits.leastBodyBytes = 100
            limits.earlyHeaders = 3
            limits.condemned = 4
        }
        self.limits = limits
        tree = BlockTree(validator: validator, limits: limits)
    }

    private mutating func next() -> Int { Int(bytes.popFirst() ?? 0) }
    private mutating func header() -> BlockHeader { headers[next() % headers.count] }
    private mutating func announcer() -> BlockTree.Announcer { BlockTree.Announcer(rawValue: UInt64(next() % 4)) }

    private mutating func chain() -> [BlockHeader] {
        var parent = header()
        var made: [BlockHeader] = []
        for _ in 0...(next() % 5) {
            var header = BlockHeader(
                previousHash: parent.hash, merkleRoot: .zero,
                modelRoot: parent.height == 0 ? parameters.genesisModelRoot : Keccak256.hash(parent.deltaHash.bytes), height: parent.height &+ 1,
                time: parent.time &+ UInt64(next()) &* 60, bits: parameters.powLimit, nonce: UInt64(headers.count), steps: 1, deltaHash: .zero)
            for salt in 0..<64 as Range<UInt8> where !header.meetsTarget { header.deltaHash = Keccak256.hash([salt, UInt8(truncatingIfNeeded: headers.count)]) }
            made.append(header)
            parent = header
        }
        headers += made
        return made
    }

    mutating func run() {
        while !bytes.isEmpty && headers.count < 400 {
            let now = parameters.genesisTime &+ UInt64(next()) &* 100
            switch next() % 12 {
            case 0...2: _ = tree.accept(headers: chain(), from: announcer(), now: now)
            case 3: _ = tree.accept(headers: [header(), header()], from: announcer(), now: now)
            case 4: _ = tree.hold([UInt8](repeating: 0, count: next()), of: header().hash, from: announcer())
            case 5: for hash in tree.missingBodies(of: announcer(), limit: 3, isRequested: { _ in false }) { _ = tree.hold([0], of: hash, from: announcer()) }
            case 6: tree.remove(announcer())
            case 7: tree.condemn(header().hash, reason: "training-digest")
            case 8: _ = tree.retryEarly(now: now)
            case 9: _ = tree.forfeit(announcer())
            case 10: _ = tree.reconsider(header().hash)
            default:
                guard let hash = tree.nextReplay(), let block = tree[hash] else { continue }
                tree.replayed(hash, root: Keccak256.hash(block.header.deltaHash.bytes))
            }
            while let move = tree.nextMove {
                switch move {
                case .connect(let hash): tree.connected(hash)
                case .disconnect(let hash): tree.disconnected(hash)
                }
            }
            guard tree.unreplayedCount <= limits.headers, tree.bodyBytes <= limits.bodyBytes else { fatalError("more is kept than may be") }
        }
        for number in 0..<4 as Range<UInt64> { tree.remove(BlockTree.Announcer(rawValue: number)) }
        guard tree.unreplayedCount == 0, tree.bodyBytes == 0 else { fatalError("something is left that nobody claims") }
    }
}
