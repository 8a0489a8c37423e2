import Benchmark
import Contest
import FlowConsensus
import FlowCrypto
import FlowEncoding
import FlowTensor

/// What a node does with each block besides the training, and the text forms that wallets use.
let benchmarks: @Sendable () -> Void = {
    // A block: the signatures are what its other work is compared with.
    let block = Contest("1,000 transactions in a block, 2 inputs and 2 outputs each")
    for threads in [1, 2] {
        block.add("check 2,000 signatures, \(threads == 1 ? "1 thread" : "\(threads) threads")") {
            let (unverified, pool) = (try SampleBlock().connectCoins(), ThreadPool(threads: threads))
            return { try SampleBlock.validator.verifySignatures(unverified, run: pool.run) }
        }
    }
    block.add("find its coins") {
        let sample = try SampleBlock()
        return { try sample.connectCoins() }
    }
    block.add("decode") {
        let bytes = try SampleBlock().block.encoded
        return { try Block(decoding: bytes) }
    }
    block.add("encode") {
        let block = try SampleBlock().block
        return { block.encoded }
    }
    block.add("transaction ids and Merkle root") {
        let block = try SampleBlock().block
        return { block.computedMerkleRoot }
    }

    let numbers = Contest("100,000 CompactSize numbers")
    numbers.add("encode") { { compactSizes() } }
    numbers.add("decode") {
        let bytes = compactSizes()
        return {
            var reader = ByteReader(bytes)
            var sum: UInt64 = 0
            while !reader.isAtEnd { sum &+= try reader.readCompactSize() }
            return sum
        }
    }

    let hex = Contest("1 MiB of hexadecimal digits")
    hex.add("encode") {
        let bytes = [UInt8](repeating: 0xA7, count: 1 << 19)
        return { Hex.encode(bytes) }
    }
    hex.add("decode") {
        let text = Hex.encode([UInt8](repeating: 0xA7, count: 1 << 19))
        return { try Hex.decode(text) }
    }

    let addresses = Contest("1,000 addresses, bech32")
    addresses.add("encode") {
        let programs = (0..<1_000).map { LockProgram(version: 0, bytes: Array(Keccak256.hash([UInt8($0 & 255), 1]).bytes.prefix(20))) }
        return { try programs.map { try Address(program: $0, prefix: "fl").description } }
    }
    addresses.add("decode") {
        let text = try Address(program: LockProgram(version: 0, bytes: [UInt8](repeating: 5, count: 20)), prefix: "fl").description
        return { try (0..<1_000).map { _ in try Address(text, prefix: "fl") } }
    }
}

/// Numbers of all four lengths.
private func compactSizes() -> [UInt8] {
    var writer = ByteWriter(capacity: 500_000)
    for index in 0..<UInt64(100_000) { writer.writeCompactSize(1 << (index % 40)) }
    return writer.bytes
}
