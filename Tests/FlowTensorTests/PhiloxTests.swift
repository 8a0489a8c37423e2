import FlowTensor
import Testing

@Suite struct PhiloxTests {
    @Test func knownAnswers() {
        #expect(Philox.block(counter: (0, 0, 0, 0), key: (0, 0)) == (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    }
}
