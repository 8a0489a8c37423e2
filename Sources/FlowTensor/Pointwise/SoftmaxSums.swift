/// What a softmax found on its way: the largest input and the sum of `exp(x − maximum)`.
public struct SoftmaxSums: Hashable, Sendable {
    var maximum: Float
    public var sum: Float

    init(maximum: Float, sum: Float) {
        self.maximum = maximum
        self.sum = sum
    }
}
