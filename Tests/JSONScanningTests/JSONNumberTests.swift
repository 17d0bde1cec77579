import Foundation
import JSONScanning
import Testing

struct JSONNumberTests {
    private func double(_ text: String) -> Double? { Array(text.utf8).withUnsafeBytes { JSONNumber.double($0) } }

    @Test(arguments: [
        "0", "-0", "0.0", "1", "-1", "200", "0.1", "0.30000000000000004", "123456789.125", "1e3", "1E-3", "1e+22", "1e23", "-2.5e-7",
        "5e-324",
        "2.2250738585072014e-308", "2.2250738585072011e-308", "1.7976931348623157e308", "9007199254740992", "9007199254740993",
        "9007199254740995",
        "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "0.1234567890123456789",
        "0.12345678901234567890123",
        "9223372036854775807.5", "0.000000000000000000000000000000000001", "1e-400", "0e999999999999999999999", "-0.000",
        "1.0000000000000002",
        "1.00000000000000011102230246251565404", "9999999999999999999e-19", "1e-19", "3e-19",
    ])
    func `numbers are those that Double reads`(text: String) throws {
        let value = try #require(double(text))
        let expected = try #require(Double(text))
        #expect(value.bitPattern == expected.bitPattern)
    }

    @Test func `random numbers are rounded as Double rounds them`() throws {
        var random = SeededGenerator(seed: 7)
        for index in 0..<20_000 {
            let text: String
            switch index % 4 {
            case 0: text = "\(Double.random(in: 0...3, using: &random))"
            case 1: text = "\(Double(bitPattern: random.next()))"
            case 2:
                text =
                    "\(UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...60, using: &random), using: &random))e\(Int.random(in: -40...30, using: &random))"
            default:
                text = "0." + (0..<Int.random(in: 1...25, using: &random)).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
            }
            guard let expected = Double(text), expected.isFinite else { continue }
            #expect(double(text)?.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test func `numbers halfway between two doubles go to the even one`() {
        // 2^53 + 1 over powers of ten, exactly and a little to either side.
        for (text, expected) in [
            ("900719925474099.3", 900719925474099.3), ("9007199254740993.0", 9007199254740992.0),
            ("9007199254740993.001", 9007199254740994.0),
            ("9007199254740992.999", 9007199254740992.0), ("9007199254740995.0", 9007199254740996.0),
            ("4503599627370496.5", 4503599627370496.5),
            ("4503599627370497.25", 4503599627370497.0), ("4503599627370497.75", 4503599627370498.0),
            ("1152921504606847104.0", 1152921504606846976.0),
        ] {
            #expect(double(text) == expected, "\(text)")
        }
    }

    @Test func `a leading plus is accepted`() {
        #expect(double("+1.5") == 1.5)
        #expect(double("+0") == 0)
    }

    @Test(arguments: [
        "", " ", "+", "-", ".", "1.", ".5", "01", "-01", "1e", "1e+", "e5", "0x10", "1_000", "1,5", " 1", "1 ", "inf", "nan", "Infinity",
        "-inf", "NaN",
        "1e400", "-1e400", "--1", "+-1", "1.2.3", "1e5.0", "12a", "1\u{0}", "\u{661}",
    ])
    func `what is no number, or too large a one, is nil`(text: String) {
        #expect(double(text) == nil)
    }

    @Test func `a number of very many digits is read`() {
        let digits = String(repeating: "3", count: 100_000)
        #expect(double("0." + digits) == 1.0 / 3)
        #expect(double(digits) == nil)
        #expect(double(digits + "e-100000") == 1.0 / 3)
    }
}
