import TestSupport
import Testing

@testable import ResticFormat

@Suite("Polynomials over two elements")
struct ChunkerPolynomialTests {
    /// The product of two polynomials whose degrees add up to less than 64.
    static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        (0..<64).reduce(0) { right >> UInt64($1) & 1 == 1 ? $0 ^ left << UInt64($1) : $0 }
    }

    @Test("finds exactly the irreducible ones up to degree 10, as trial division does")
    func smallDegrees() {
        var irreducible: Set<UInt64> = []
        var products: Set<UInt64> = []
        for left in UInt64(2)..<1024 {
            for right in UInt64(2)...left
            where ChunkerPolynomial.degree(of: left) + ChunkerPolynomial.degree(of: right) <= 10 {
                products.insert(Self.product(left, right))
            }
        }
        for polynomial in UInt64(0)..<2048 where ChunkerPolynomial.isIrreducible(polynomial) {
            irreducible.insert(polynomial)
        }
        #expect(irreducible == Set((2..<2048).filter { !products.contains($0) }))
        // Their numbers by degree are known: OEIS A001037.
        let counts = (1...10).map { degree in irreducible.count { ChunkerPolynomial.degree(of: $0) == degree } }
        #expect(counts == [2, 1, 2, 3, 6, 9, 18, 30, 56, 99])
    }

    @Test(
        "takes the polynomials of known repositories",
        arguments: [0x3DA3_358B_4DC1_73, 0x25B4_6883_8DCB_75] as [UInt64]
    )
    func known(polynomial: UInt64) {
        // restic internal/repository/testing.go and doc/design.rst.
        #expect(ChunkerPolynomial.degree(of: polynomial) == 53)
        #expect(ChunkerPolynomial.isIrreducible(polynomial))
    }

    @Test("refuses products of degree 53 and the highest degrees there are")
    func refusesProducts() {
        var generator = SeededGenerator(seed: 11)
        for round in 0..<200 {
            let degree = UInt64(1 + round % 52)
            let left = generator.next() & ((1 << degree) - 1) | 1 << degree
            let right = generator.next() & ((1 << (53 - degree)) - 1) | 1 << (53 - degree)
            let product = Self.product(left, right)
            #expect(ChunkerPolynomial.degree(of: product) == 53)
            #expect(!ChunkerPolynomial.isIrreducible(product), "\(left) · \(right)")
        }
        // x⁶³ + x + 1 is irreducible, x⁶³ + 1 has the factor x + 1.
        #expect(ChunkerPolynomial.isIrreducible(1 << 63 | 0b11))
        #expect(!ChunkerPolynomial.isIrreducible(1 << 63 | 1))
        #expect(![0, 1].contains { ChunkerPolynomial.isIrreducible($0) })
    }

    @Test("random ones are of degree 53 and irreducible")
    func random() {
        var generator = SeededGenerator(seed: 5)
        let polynomials = (0..<10).map { _ in ChunkerPolynomial.random(using: &generator) }
        #expect(Set(polynomials).count == 10)
        for polynomial in polynomials {
            #expect(ChunkerPolynomial.degree(of: polynomial) == 53 && ChunkerPolynomial.isIrreducible(polynomial))
        }
    }
}
