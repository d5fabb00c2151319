public import ArgumentParser
public import QdrantCapture
public import Recovery

// What the options of commands may be, besides the parser's own types.

extension Component: ExpressibleByArgument {}
extension CaptureMethod: ExpressibleByArgument {}
