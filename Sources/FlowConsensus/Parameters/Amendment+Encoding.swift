import FlowCrypto
public import FlowEncoding

extension Amendment {
    /// Which fields are there, one bit each, in the order of the encoding.
    struct Fields: OptionSet {
        let rawValue: UInt8
        static let growth = Fields(rawValue: 1)
        static let peakLearningRate = Fields(rawValue: 2)
        static let corpus = Fields(rawValue: 4)
        static let stepsPerBlock = Fields(rawValue: 8)
        static let firstPayingStep = Fields(rawValue: 16)
        static let replayBudget = Fields(rawValue: 32)
        static let all: Fields = [.growth, .peakLearningRate, .corpus, .stepsPerBlock, .firstPayingStep, .replayBudget]
    }

    var fields: Fields {
        var fields: Fields = []
        if growth != nil { fields.insert(.growth) }
        if peakLearningRate != nil { fields.insert(.peakLearningRate) }
        if corpus != nil { fields.insert(.corpus) }
        if stepsPerBlock != nil { fields.insert(.stepsPerBlock) }
        if firstPayingStep != nil { fields.insert(.firstPayingStep) }
        if replayBudget != nil { fields.insert(.replayBudget) }
        return fields
    }
}

extension Amendment: BinaryCodable {
    static let minimumLength = 5

    /// u32 height, u8 sum of the fields' bits, then the fields that are there.
    public func encode(to writer: inout ByteWriter) {
        writer.write(height)
        writer.write(fields.rawValue)
        if let growth {
            growth.model.encode(to: &writer)
            writer.write(growth.costRatio.numerator)
            writer.write(growth.costRatio.denominator)
        }
        if let peakLearningRate { writer.write(peakLearningRate) }
        if let corpus {
            writer.write(corpus.length)
            corpus.root.encode(to: &writer)
        }
        if let stepsPerBlock { writer.write(stepsPerBlock) }
        if let firstPayingStep { writer.write(firstPayingStep) }
        if let replayBudget {
            writer.write(replayBudget.sixteenCoreSeconds)
            writer.write(replayBudget.twoCoreSeconds)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingFault) {
        height = try reader.readUInt32()
        let offset = reader.offset
        let fields = Fields(rawValue: try reader.readUInt8())
        guard fields.isSubset(of: .all) else {
            throw .invalidValue("amendment's fields are \(fields.rawValue), expected at most \(Fields.all.rawValue)", offset: offset)
        }
        growth = fields.contains(.growth) ? try Growth(from: &reader) : nil
        peakLearningRate = fields.contains(.peakLearningRate) ? try reader.readUInt32() : nil
        corpus =
            fields.contains(.corpus) ? CorpusReference(length: try reader.readUInt64(), root: try Hash256(from: &reader)) : nil
        stepsPerBlock = fields.contains(.stepsPerBlock) ? try reader.readUInt32() : nil
        firstPayingStep = fields.contains(.firstPayingStep) ? try reader.readUInt32() : nil
        replayBudget =
            fields.contains(.replayBudget)
            ? ReplayBudget(sixteenCoreSeconds: try reader.readUInt32(), twoCoreSeconds: try reader.readUInt32()) : nil
    }
}

extension Amendment.Growth {
    fileprivate init(from reader: inout ByteReader) throws(DecodingFault) {
        var sizes: [UInt32] = []
        for _ in 0..<8 { sizes.append(try reader.readUInt32()) }
        model = ModelShape(
            embeddingLength: sizes[0], layerCount: sizes[1], headCount: sizes[2], expertCount: sizes[3], expertsPerToken: sizes[4],
            expertWidth: sizes[5], contextLength: sizes[6], batchSize: sizes[7])
        costRatio = CostRatio(try reader.readUInt32(), try reader.readUInt32())
    }
}
