/// A number as it stands in the text: decimal digits and a power of ten, before anybody rounds it.
///
/// Holds no reference, so that millions of them cost nothing but arithmetic.
struct JSONNumber {
    var isNegative = false
    /// Neither a fraction nor an exponent.
    var isInteger = true
    /// All digits as one integer, unless they do not fit in 64 bits.
    var digits: UInt64 = 0
    /// Whether ``digits`` is all of them.
    var isComplete = true
    /// The value is `digits × 10^exponent`.
    var exponent = 0

    /// The value without loss where 64 bits suffice; `nil` beyond the largest `Double`.
    ///
    /// - Parameter text: the number's text, for what the quick ways cannot do.
    func value(_ text: @autoclosure () -> String) -> JSONValue? {
        if isInteger, isComplete {
            if !isNegative { return .number(digits) }
            // "-0" is a floating-point zero with a sign, as for serde_json.
            if digits == 0 { return .double(-0.0) }
            if digits <= UInt64(Int64.max) + 1 { return .integer(Int64(truncatingIfNeeded: 0 &- digits)) }
        }
        let value = quickDouble ?? Double(text()) ?? .infinity
        return value.isFinite ? .double(value) : nil
    }

    /// The nearest `Float`; `nil` when that is infinite.
    ///
    /// Rounding to `Double` first and to `Float` then is wrong in exactly one case: when the first rounding ends on the
    /// middle between two neighbouring floats. That case, subnormal results and everything unusual take the long way.
    ///
    /// - Parameter text: the number's text, for the long way.
    func float(_ text: @autoclosure () -> String) -> Float? {
        if let double = quickDouble {
            let middle: UInt64 = 1 << 28
            let isMiddle = double.bitPattern & ((1 << 29) - 1) == middle
            let magnitude = double.magnitude
            let isNormal =
                magnitude >= Double(Float.leastNormalMagnitude) && magnitude < Double(Float.greatestFiniteMagnitude)
            if digits == 0 || (isNormal && !isMiddle) { return Float(double) }
        }
        let value = Float(text()) ?? .infinity
        return value.isFinite ? value : nil
    }

    /// The nearest `Double` where two exact doubles and one operation give it (W. Clinger, "How to read floating point
    /// numbers accurately", 1990): digits below 2^53 and a power of ten up to 22, the largest that is exact.
    private var quickDouble: Double? {
        guard isComplete, digits < 1 << 53, abs(exponent) < Self.exactPowersOfTen.count else { return nil }
        let power = Self.exactPowersOfTen[abs(exponent)]
        let magnitude = exponent < 0 ? Double(digits) / power : Double(digits) * power
        return isNegative ? -magnitude : magnitude
    }

    private static let exactPowersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
