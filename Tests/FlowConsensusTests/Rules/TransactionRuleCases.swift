@testable import FlowConsensus
import FlowCrypto
import FlowEncoding

extension RuleCase {
    static let transactions: [RuleCase] = forms + values + locks + witnesses

    private static let chain = TestChain.mature
    private static let output = TransactionOutput(value: Amount(haruki: 1_000), program: TestChain.program)
    private static let key = TestChain.key

    private static func outPoint(_ index: UInt32) -> OutPoint {
        OutPoint(txid: Keccak256.hash([1, 2, 3]), index: index)
    }

    private static func form(_ transaction: Transaction) -> String? {
        TestChain.broken { try TransactionRules.checkForm(transaction) }
    }

    /// A transaction of the right form, unsigned but with as many witnesses as inputs.
    private static func plain(
        inputs: [TransactionInput] = [TransactionInput(outPoint: outPoint(0))],
        outputs: [TransactionOutput] = [output]
    ) -> Transaction {
        chain.signed(Transaction(inputs: inputs, outputs: outputs), spent: [])
    }

    /// A coinbase that costs exactly so much: many outputs and some data.
    private static func costing(_ cost: Int) -> Transaction {
        let room = cost - Transaction.coinbase(height: 1, outputs: [output]).cost - 2  // The count of outputs takes three bytes instead of one.
        return .coinbase(
            height: 1, outputs: [TransactionOutput](repeating: output, count: 1 + room / 94), data: [UInt8](repeating: 1, count: room % 94))
    }

    static let forms: [RuleCase] = [
        RuleCase("tx-no-inputs", accept: { form(plain()) }, reject: { form(plain(inputs: [])) }),
        RuleCase("tx-no-outputs", accept: { form(plain()) }, reject: { form(plain(outputs: [])) }),
        RuleCase(
            "tx-cost",
            accept: { form(costing(4_000_000)) },
            reject: { form(costing(4_000_001)) }),
        RuleCase(
            "tx-64-bytes",
            accept: { form(plain()) },
            reject: {
                let short = TransactionOutput(
                    value: .zero, program: LockProgram(version: 1, bytes: [0x51, 0x52, 0x54, 0x00]))
                let transaction = plain(outputs: [short])
                return transaction.strippedEncoding.count == 64 ? form(transaction) : nil
            }),
        RuleCase(
            "tx-null-input",
            accept: { form(plain(inputs: [TransactionInput(outPoint: outPoint(0)), TransactionInput(outPoint: outPoint(1))])) },
            reject: { form(plain(inputs: [TransactionInput(outPoint: outPoint(0)), TransactionInput(outPoint: .null)])) }),
        RuleCase(
            "tx-duplicate-input",
            accept: { form(plain(inputs: [0, 1].map { TransactionInput(outPoint: outPoint($0)) })) },
            reject: {
                // The sequence differs, the output is the same.
                form(plain(inputs: [5, 6].map { TransactionInput(outPoint: outPoint(0), sequence: $0) }))
            }),
        RuleCase(
            "tx-output-value",
            accept: {
                form(plain(outputs: [TransactionOutput(value: .maxMoney, program: TestChain.program)]))
            },
            reject: {
                let names = [-1, Amount.maxMoney.haruki + 1, Int64.min, Int64.max].map { value in
                    form(plain(outputs: [
                        TransactionOutput(value: Amount(haruki: value), program: TestChain.program)
                    ]))
                }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-output-zero",
            accept: {
                let nothing = TransactionOutput(value: .zero, program: TestChain.program)
                return form(.coinbase(height: 1, outputs: [nothing])) ?? form(plain(outputs: halves(1, 1)))
            },
            reject: {
                let (nothing, all) = (halves(0, 0), halves(1, 0) + halves(0, 1))
                let names = [plain(outputs: [nothing[0]]), plain(outputs: all), .coinbase(height: 1, outputs: nothing), .coinbase(height: 1, outputs: all)].map(form)
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-output-total",
            accept: { form(plain(outputs: halves(1_050_000_000_000_000, 1_050_000_000_000_000))) },
            reject: { form(plain(outputs: halves(1_050_000_000_000_000, 1_050_000_000_000_001))) }),
        RuleCase(
            "tx-output-program",
            accept: { [(0, 20), (1, 2), (1, 40), (2, 20), (15, 32), (16, 2), (16, 40)].lazy.compactMap(paying).first },
            reject: {
                let names = [(0, 32), (0, 19), (0, 2), (0, 0), (1, 0), (1, 1), (1, 41), (16, 1), (16, 41), (17, 20), (255, 32)].map(paying)
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-witness-count",
            accept: { form(plain()) },
            reject: {
                var few = plain()
                few.witnesses = []
                var many = plain()
                many.witnesses += many.witnesses
                var coinbase = Transaction.coinbase(height: 1, outputs: [output])
                coinbase.witnesses = many.witnesses
                let names = [few, many, coinbase].map(form)
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-witness-size",
            accept: {
                // 65,536 bytes: one for the count, and an item with a length of three bytes or five.
                form(witness([[UInt8](repeating: 1, count: 65_532)])) ?? form(witness([[UInt8]](repeating: [], count: 16)))
                    ?? form(witness([])) ?? form(witness([[UInt8](repeating: 1, count: 60_000), [UInt8](repeating: 1, count: 5_529)]))
            },
            reject: {
                let names = [
                    [[UInt8](repeating: 1, count: 65_533)], [[UInt8]](repeating: [], count: 17),
                    [[UInt8](repeating: 1, count: 60_000), [UInt8](repeating: 1, count: 5_530)],
                ].map { form(witness($0)) }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-coinbase-data-length",
            accept: {
                form(.coinbase(height: 1, outputs: [output], data: [UInt8](repeating: 1, count: 100)))
                    ?? form(.coinbase(height: 1, outputs: [output]))
            },
            reject: {
                var stray = plain()
                stray.coinbaseData = [1]
                let long = Transaction.coinbase(height: 1, outputs: [output], data: [UInt8](repeating: 1, count: 101))
                return form(stray) == form(long) ? form(long) : nil
            }),
        RuleCase(
            "tx-loose-coinbase",
            accept: { loose(chain.spend(coinbaseAt: 1)) },
            reject: { loose(.coinbase(height: 106, outputs: [output])) }),
    ]

    /// A transaction whose output has such a program.
    private static func paying(_ program: (version: Int, length: Int)) -> String? {
        let lock = LockProgram(version: UInt8(program.version), bytes: [UInt8](repeating: 1, count: program.length))
        return form(plain(outputs: [TransactionOutput(value: output.value, program: lock)]))
    }

    /// A transaction whose only witness has these items.
    private static func witness(_ items: [[UInt8]]) -> Transaction {
        var transaction = plain()
        transaction.witnesses = [Witness(items: items)]
        return transaction
    }

    private static func halves(_ first: Int64, _ second: Int64) -> [TransactionOutput] {
        [first, second].map { TransactionOutput(value: Amount(haruki: $0), program: TestChain.program) }
    }

    /// Checks a transaction for the next block, alone and inside a block; both must agree unless it is a coinbase.
    private static func loose(_ transaction: Transaction, coins: CoinTable? = nil) -> String? {
        let alone = TestChain.broken {
            _ = try TransactionRules.check(
                transaction, coins: coins ?? chain.coins, context: chain.context,
                domain: chain.validator.signatureDomain(at: chain.nextHeight))
        }
        guard !transaction.isCoinbase else { return alone }
        let inBlock = chain.broken(chain.makeBlock([transaction]), coins: coins)
        return alone == inBlock ? alone : "alone \(alone ?? "valid"), in a block \(inBlock ?? "valid")"
    }

    /// The mature chain's coins and some made up ones at `outPoint(0…)`.
    private static func table(_ coins: [Coin]) -> CoinTable {
        var table = chain.coins
        table.apply(
            CoinChanges(
                spent: [],
                created: coins.enumerated().map {
                    CoinChanges.Creation(outPoint: outPoint(UInt32($0.offset)), coin: $0.element)
                }))
        return table
    }

    /// Spends made up coins to one output of 1,000 haruki.
    private static func spending(
        _ coins: [Coin], version: UInt32 = 2, sequence: UInt32 = TransactionInput.finalSequence
    ) -> String? {
        let inputs = coins.indices.map { TransactionInput(outPoint: outPoint(UInt32($0)), sequence: sequence) }
        let transaction = chain.signed(
            Transaction(version: version, inputs: inputs, outputs: [output]), spent: coins.map(\.output))
        return loose(transaction, coins: table(coins))
    }

    private static func coin(_ haruki: Int64, height: BlockHeight = 50, isCoinbase: Bool = false) -> Coin {
        Coin(
            output: TransactionOutput(value: Amount(haruki: haruki), program: TestChain.program), height: height,
            isCoinbase: isCoinbase)
    }

    static let values: [RuleCase] = [
        RuleCase(
            "tx-missing-coin",
            accept: { loose(chain.spend(coinbaseAt: 1)) },
            reject: { loose(chain.signed(plain(), spent: [output])) }),
        RuleCase(
            "tx-immature-coinbase",
            accept: { spending([coin(1_000, height: 6, isCoinbase: true)]) },
            reject: { spending([coin(1_000, height: 7, isCoinbase: true)]) }),
        RuleCase(
            "tx-input-total",
            accept: { spending([coin(1_050_000_000_000_000), coin(1_040_000_000_000_000)]) },
            reject: { spending([coin(1_050_000_000_000_000), coin(1_050_000_000_000_001)]) }),
        RuleCase(
            "tx-outputs-exceed-inputs",
            accept: { spending([coin(1_000)]) },
            reject: { spending([coin(999)]) }),
    ]

    static let locks: [RuleCase] = [
        RuleCase(
            "tx-lock-time",
            accept: {
                let past = UInt32(try! chain.context.medianTimePast())
                return loose(chain.spend(coinbaseAt: 1, sequence: 0xffff_fffe, lockTime: 105))
                    ?? loose(chain.spend(coinbaseAt: 1, lockTime: 1_000))
                    ?? loose(chain.spend(coinbaseAt: 1, sequence: 0xffff_fffe, lockTime: past - 1))
            },
            reject: {
                let past = UInt32(try! chain.context.medianTimePast())
                let height = loose(chain.spend(coinbaseAt: 1, sequence: 0xffff_fffe, lockTime: 106))
                let time = loose(chain.spend(coinbaseAt: 1, sequence: 0xffff_fffe, lockTime: past))
                return height == time ? height : nil
            }),
        RuleCase(
            "tx-relative-lock-height",
            accept: {
                spending([coin(1_000, height: 50)], sequence: 56)
                    ?? spending([coin(1_000, height: 50)], version: 1, sequence: 57)
                    ?? spending([coin(1_000, height: 50)], sequence: 0x8000_0000 | 57)
                    ?? spending([coin(1_000, height: 50)], sequence: 0x0001_0000)
            },
            reject: { spending([coin(1_000, height: 50)], sequence: 57) }),
        RuleCase(
            "tx-relative-lock-time",
            accept: { spending([coin(1_000, height: 50)], sequence: 0x0040_0000 | relativeUnits) },
            reject: { spending([coin(1_000, height: 50)], sequence: 0x0040_0000 | (relativeUnits + 1)) }),
    ]

    /// The longest relative lock, in units of 512 s, that a coin of height 50 fulfils in the next block.
    private static let relativeUnits: UInt32 = {
        let start = try! chain.context.medianTimePast(at: 49)
        let now = try! chain.context.medianTimePast()
        return UInt32((now - start) / 512)
    }()

    /// Spends a coin of such a version with a witness that nobody signed, alone and beside an input of version 0.
    private static func unlocking(version: UInt8, length: Int, with items: [[UInt8]]) -> String? {
        let program = LockProgram(version: version, bytes: [UInt8](repeating: 7, count: length))
        let later = Coin(output: TransactionOutput(value: Amount(haruki: 2_000), program: program), height: 50, isCoinbase: false)
        let names = [[later], [coin(1_000), later]].map { coins in
            let inputs = coins.indices.map { TransactionInput(outPoint: outPoint(UInt32($0))) }
            var transaction = chain.signed(Transaction(inputs: inputs, outputs: [output]), spent: coins.map(\.output))
            transaction.witnesses[coins.count - 1] = Witness(items: items)
            return loose(transaction, coins: table(coins))
        }
        return names[0] == names[1] ? names[0] : "alone \(names[0] ?? "valid"), beside another \(names[1] ?? "valid")"
    }

    static let witnesses: [RuleCase] = [
        RuleCase(
            "tx-witness-form",
            accept: {
                loose(chain.spend(coinbaseAt: 1)) ?? unlocking(version: 1, length: 32, with: [])
                    ?? unlocking(version: 16, length: 2, with: [[]]) ?? unlocking(version: 9, length: 40, with: [[1], [2, 3], [4]])
            },
            reject: {
                let good = chain.spend(coinbaseAt: 1)
                let items = good.witnesses[0].items
                let names = [
                    [], [items[0]], items + [[]], [[]] + items, [items[1], items[0]], [items[0] + items[1]],
                    [items[0], items[1] + [0]], [Array(items[0].dropLast()), items[1]],
                ].map { items in
                    var changed = good
                    changed.witnesses = [Witness(items: items)]
                    return loose(changed)
                }
                return Set(names).count == 1 ? names[0] : nil
            }),
        RuleCase(
            "tx-witness-program",
            accept: { loose(chain.spend(coinbaseAt: 1)) },
            reject: {
                let transaction = chain.spend(coinbaseAt: 1)
                let spent = chain.blocks[0].transactions[0].outputs[0]
                return loose(chain.signed(transaction, spent: [spent], key: TestChain.otherKey))
            }),
        RuleCase(
            "tx-signature",
            accept: { loose(chain.spend(coinbaseAt: 1)) },
            reject: {
                var changed = chain.spend(coinbaseAt: 1)
                changed.outputs = [output]
                return loose(changed)
            }),
    ]
}
