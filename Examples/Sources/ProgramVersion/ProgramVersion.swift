/// What all programs answer to `-version`.
public enum ProgramVersion {
    /// The SDK's (`NodeConfiguration.version`).
    public static let number = "0.1.0"
    public static let text = "FlowCoin \(number)"
}
