import TestSupport
import Testing

@testable import ResticFormat

extension SeededGenerator {
    mutating func id() -> ResticID { bytes(32).withUnsafeBytes { ResticID(bytes: $0) } }
}

/// The code of the error that `body` throws, if it throws one of ours.
func code(_ body: () throws -> Void) -> ResticFormatError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ResticFormatError)?.code
    }
}

/// An identifier all of whose bytes are `byte`.
func id(_ byte: UInt8) -> ResticID { [UInt8](repeating: byte, count: 32).withUnsafeBytes { ResticID(bytes: $0) } }

/// The 64 digits of ``id(_:)``.
func hex(_ byte: UInt8) -> String { id(byte).hex }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
