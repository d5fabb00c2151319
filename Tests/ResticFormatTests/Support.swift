import Testing

@testable import ResticFormat

/// SplitMix64: the same numbers from the same seed on every system.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

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
