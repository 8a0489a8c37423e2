/// What a scale of a `QuantisedMatrix` belongs to.
public enum ScaleAxis: Hashable, Sendable {
    /// One scale for the whole matrix: a weight matrix.
    case matrix
    /// One scale for each run of so many rows: experts' weight matrices stacked in one tensor.
    case rowBlock(rows: Int)
    /// One scale a row: activations and output gradients.
    case row
    /// One scale a column: operands of a weight gradient.
    case column
}
