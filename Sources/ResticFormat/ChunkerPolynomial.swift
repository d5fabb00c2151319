/// Polynomials over the field of two elements, in whose remainders restic finds the boundaries of chunks.
///
/// Bit *n* of a number is the coefficient of xⁿ. A repository's polynomial is of degree 53, irreducible, and random, so
/// that boundaries tell nothing to who does not know it. Source: restic doc/design.rst, section Backups and
/// Deduplication; github.com/restic/chunker, polynomials.go.
public enum ChunkerPolynomial {
    /// The degree of a repository's polynomial.
    public static let degree = 53

    /// A random irreducible polynomial of degree 53. About one in 27 of those tried is irreducible.
    public static func random(using generator: inout some RandomNumberGenerator) -> UInt64 {
        while true {
            // Without the constant term it would be divisible by x.
            let polynomial = generator.next() & (1 << UInt64(degree) - 1) | 1 << UInt64(degree) | 1
            if isIrreducible(polynomial) { return polynomial }
        }
    }

    /// Whether no polynomials but constants and multiples divide `polynomial`; by Rabin's test.
    ///
    /// A polynomial f of degree n is irreducible exactly if f divides x^(2ⁿ) − x, and has no factor in common with
    /// x^(2^(n/q)) − x for any prime q that divides n. (M. O. Rabin, Probabilistic algorithms in finite fields, 1980.)
    public static func isIrreducible(_ polynomial: UInt64) -> Bool {
        let degree = degree(of: polynomial)
        guard degree > 0 else { return false }
        let x = remainder(of: 2, by: polynomial)
        var power = x
        for exponent in 1...degree {
            power = square(power, modulo: polynomial)
            let isProperSubfield = exponent < degree && degree % exponent == 0 && isPrime(degree / exponent)
            if isProperSubfield, greatestCommonDivisor(polynomial, power ^ x) != 1 { return false }
        }
        return power == x
    }

    /// The degree of a polynomial; −1 of the zero polynomial.
    static func degree(of polynomial: UInt64) -> Int {
        63 - polynomial.leadingZeroBitCount
    }

    private static func remainder(of dividend: UInt64, by divisor: UInt64) -> UInt64 {
        var rest = dividend
        let degreeOfDivisor = degree(of: divisor)
        while case let shift = degree(of: rest) - degreeOfDivisor, shift >= 0 { rest ^= divisor << UInt64(shift) }
        return rest
    }

    /// The square of `factor`, which is of lesser degree than `modulus`, modulo `modulus`.
    private static func square(_ factor: UInt64, modulo modulus: UInt64) -> UInt64 {
        let degreeOfModulus = UInt64(degree(of: modulus))
        var product: UInt64 = 0
        // Horner's scheme from the highest coefficient: times x, reduce, plus the factor.
        for bit in (0..<degreeOfModulus).reversed() {
            let carries = product >> (degreeOfModulus - 1) & 1 == 1
            product = product << 1 ^ (carries ? modulus : 0)
            if factor >> bit & 1 == 1 { product ^= factor }
        }
        return product
    }

    private static func greatestCommonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, remainder(of: first, by: second)) }
        return first
    }

    private static func isPrime(_ number: Int) -> Bool {
        number > 1 && !(2..<number).contains { number % $0 == 0 }
    }
}
