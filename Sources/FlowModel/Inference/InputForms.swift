internal import FlowGGUF

/// The forms in which weights of several types read a row of inputs, beside binary32.
struct InputForms: OptionSet {
    let rawValue: Int

    /// 16 bits for each element and a scale for each 256: next to the rounding of quantised weights its own does not count.
    static let fine = InputForms(rawValue: 1)
    /// What follows is llama.cpp's, for public models. 8 bits for each element and a scale for each 32, for types in blocks of 32.
    static let blocks = InputForms(rawValue: 2)
    /// 8 bits for each element and a scale for each 256, for the K types. It takes the place of the fine form.
    static let groups = InputForms(rawValue: 4)
    /// Binary16, for weights of this type.
    static let halves = InputForms(rawValue: 8)
    /// bfloat16, for weights of this type.
    static let bfloats = InputForms(rawValue: 16)

    /// What weights of `type` read in llama.cpp.
    init(llama type: GGUFTensorType) {
        switch type {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: self = .blocks
        case .q4_K, .q6_K: self = .groups
        case .f16: self = .halves
        case .bf16: self = .bfloats
        default: self = []
        }
    }

    init(rawValue: Int) { self.rawValue = rawValue }
}
