public import ArgumentParser
public import QdrantCapture
public import Recovery
public import ResticRepository

// What the options of commands may be, besides the parser's own types.

extension Component: ExpressibleByArgument {}
extension CaptureMethod: ExpressibleByArgument {}
extension SizeMode: ExpressibleByArgument {}
extension DrillPlan.Kind: ExpressibleByArgument {}

extension RetentionSpan: ExpressibleByArgument {
    /// Reads `1y6m`, `30d`, `48h`.
    public init?(argument: String) {
        self.init(argument)
    }
}
