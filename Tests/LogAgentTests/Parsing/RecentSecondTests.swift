import Delivery
import JSONScanning
import Testing

@testable import LogAgent

/// What is remembered of the last time gives the same as reading each.
struct RecentSecondTests {
    private static func field(_ text: String) -> FieldValue {
        FieldValue(start: 0, end: UInt32(text.utf8.count), kind: .string, hasEscapes: false)
    }

    @Test(arguments: 0..<4)
    func `times close to each other, in many forms`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let format = try LineTimestamp(.rfc3339)
        var recent = RecentSecond()
        var known = 0
        for _ in 0..<2_000 {
            let second = ["07", "07", "08", "60"].randomElement(using: &random) ?? ""
            let fraction = (0..<Int.random(in: 0...11, using: &random)).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            let separator = ["T", "T", " "].randomElement(using: &random) ?? ""
            let zone = ["Z", "Z", "Z", "+02:00", " UTC", ""].randomElement(using: &random) ?? ""
            let point = fraction.isEmpty ? "" : [".", ".", ".", ","].randomElement(using: &random) ?? ""
            var text = "2026-01-0\(Int.random(in: 4...5, using: &random))\(separator)09:00:\(second)\(point)\(fraction)\(zone)"
            if Int.random(in: 0..<50, using: &random) == 0 { text = text.replacing("5", with: "x") }
            let field = Self.field(text)
            Array(text.utf8).withUnsafeBytes { line in
                let expected = format.nanoseconds(of: field, in: line)
                if let time = recent.nanoseconds(of: field, in: line) {
                    known += 1
                    #expect(time == expected, "\(text)")
                }
                if let expected { recent.note(expected, of: field, in: line) }
            }
        }
        #expect(known > 20)
    }

    @Test func `the last second that can be told is not remembered`() throws {
        let format = try LineTimestamp(.rfc3339)
        var recent = RecentSecond()
        for (text, isTold) in [("2262-04-11T23:47:16.5Z", true), ("2262-04-11T23:47:16.9Z", false)] {
            Array(text.utf8).withUnsafeBytes { line in
                #expect(recent.nanoseconds(of: Self.field(text), in: line) == nil)
                let time = format.nanoseconds(of: Self.field(text), in: line)
                #expect((time != nil) == isTold)
                if let time { recent.note(time, of: Self.field(text), in: line) }
            }
        }
    }

    @Test func `only strings without escapes are known`() {
        let text = "2026-01-05T09:00:00.000253Z"
        var recent = RecentSecond()
        Array(text.utf8).withUnsafeBytes { line in
            recent.note(1_767_603_600_000_253_000, of: Self.field(text), in: line)
            #expect(recent.nanoseconds(of: Self.field(text), in: line) == 1_767_603_600_000_253_000)
            for (kind, hasEscapes) in [(FieldValue.Kind.number, false), (.missing, false), (.string, true)] {
                let other = FieldValue(start: 0, end: UInt32(text.utf8.count), kind: kind, hasEscapes: hasEscapes)
                #expect(recent.nanoseconds(of: other, in: line) == nil)
            }
        }
    }
}
