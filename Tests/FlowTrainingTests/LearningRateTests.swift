import FlowTraining
import Foundation
import TestSupport
import Testing

@Suite struct LearningRateTests {
    static func parameters(_ stages: [LearningRateStage], warmup: UInt32) -> TrainingParameters {
        TrainingParameters(
            stepsPerBlock: 16, firstPayingStep: 4, initialisationSeed: 1, peakLearningRate: stages, warmupSteps: warmup)
    }

    struct File: Decodable {
        struct Case: Decodable {
            let stages: [LearningRateStage]
            let warmup: UInt32
            let height: BlockHeight
            let stepsBefore: String
            let units: UInt32
        }
        let cases: [Case]
    }

    @Test func equalsTheVector() throws {
        let cases = try Vectors.json("flow/chain-learning-rate.json", as: File.self).cases
        #expect(cases.count == 4 * 7 * 12)
        for test in cases {
            let units = Self.parameters(test.stages, warmup: test.warmup).learningRateUnits(
                height: test.height, stepsBefore: try #require(UInt64(test.stepsBefore)))
            #expect(units == test.units, "\(test)")
        }
    }

    @Test func warmUpRisesBySteps() {
        func units(peak: UInt32 = 1_024, warmup: UInt32 = 50, stepsBefore: UInt64) -> UInt32 {
            Self.parameters([LearningRateStage(height: 0, units: peak)], warmup: warmup).learningRateUnits(height: 1, stepsBefore: stepsBefore)
        }
        #expect(units(stepsBefore: 0) == 128, "1024/50 is below the smallest rate")
        #expect(units(stepsBefore: 6) == 143)
        #expect(units(stepsBefore: 24) == 512)
        #expect(units(stepsBefore: 48) == 1_003)
        #expect(units(stepsBefore: 49) == 1_024)
        #expect(units(stepsBefore: .max) == 1_024)
        #expect(units(peak: .max, warmup: .max, stepsBefore: .max) == .max)
        #expect(units(peak: 4_096, warmup: 0, stepsBefore: 0) == 4_096)
    }
}
