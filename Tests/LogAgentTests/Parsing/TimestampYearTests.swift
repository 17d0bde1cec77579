import Foundation
import Testing

@testable import LogAgent

/// Times without a year, which take it from when their line was first seen.
struct TimestampYearTests {
    private func time(_ text: String, _ format: TimestampFormat = .syslog, zone: TimestampZone? = nil, seenAt: String) throws -> String? {
        let seen = try #require(try LineTimestamp(.rfc3339).nanoseconds(seenAt))
        let timestamp = try LineTimestamp(format, zone: zone)
        return timestamp.nanoseconds(text, seenAt: seen).map { Date(timeIntervalSince1970: Double($0 / 1_000_000_000)).ISO8601Format() }
    }

    @Test(
        arguments: [
            ("Nov 25 22:47:47", "2026-11-25T22:47:48Z", "2026-11-25T22:47:47Z"),
            ("Dec 31 23:59:58", "2027-01-01T00:00:03Z", "2026-12-31T23:59:58Z"),
            ("Dec 31 23:59:58", "2027-06-01T00:00:00Z", "2026-12-31T23:59:58Z"),
            ("Jan  1 00:00:10", "2026-12-31T23:59:59Z", "2027-01-01T00:00:10Z"),
            ("Jan  2 00:00:10", "2026-12-31T23:59:59Z", "2026-01-02T00:00:10Z"),
            ("Nov 26 22:00:00", "2026-11-25T22:47:48Z", "2026-11-26T22:00:00Z"),
            ("Nov 27 22:00:00", "2026-11-25T22:47:48Z", "2025-11-27T22:00:00Z"),
            ("Feb 29 12:00:00", "2026-11-25T22:47:48Z", "2024-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2028-02-29T12:00:01Z", "2028-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2103-02-28T12:00:01Z", "2096-02-29T12:00:00Z"),
            ("Feb 30 12:00:00", "2026-11-25T22:47:48Z", nil), ("Nov 31 12:00:00", "2026-11-25T22:47:48Z", nil),
            ("Nov 25 24:00:00", "2026-11-25T22:47:48Z", nil), ("Nov 25 22:47:60", "2026-11-25T22:47:48Z", "2026-11-25T22:47:59Z"),
            ("Foo 25 22:47:47", "2026-11-25T22:47:48Z", nil), ("Nov 25 22:47", "2026-11-25T22:47:48Z", nil),
            ("Nov 25", "2026-11-25T22:47:48Z", nil),
            ("Nov 25 2019 22:47:47", "2026-11-25T22:47:48Z", "2019-11-25T22:47:47Z"),
            ("Nov 25 22:47:47.5", "2026-11-25T22:47:48Z", "2026-11-25T22:47:47Z"),
            ("2019-11-25T22:47:47Z", "2026-11-25T22:47:48Z", "2019-11-25T22:47:47Z"), ("", "2026-11-25T22:47:48Z", nil),
        ] as [(String, String, String?)])
    func `syslog times take the latest year that fits`(text: String, seenAt: String, expected: String?) throws {
        #expect(try time(text, seenAt: seenAt) == expected)
    }

    @Test
    func `patterns without a year do so too, and zones count`() throws {
        let format = TimestampFormat.pattern("%b %d %H:%M:%S")
        #expect(try time("Dec 31 23:30:00", format, seenAt: "2027-01-01T00:00:00Z") == "2026-12-31T23:30:00Z")
        #expect(try time("Jan 01 00:30:00", format, zone: .fixed(3600), seenAt: "2026-12-31T23:30:01Z") == "2026-12-31T23:30:00Z")
        #expect(try time("12/31 11 PM", .pattern("%m/%d %I %p"), seenAt: "2027-01-01T00:00:00Z") == "2026-12-31T23:00:00Z")
        #expect(try time("12/31 13 PM", .pattern("%m/%d %I %p"), seenAt: "2027-01-01T00:00:00Z") == nil)
    }

    @Test
    func `years of all days are those of Foundation's calendar`() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        for day in stride(from: Int64(-1000), to: 110_000, by: 5) {
            for second in [Int64(0), 86_399] {
                let seconds = day * 86_400 + second
                let year = calendar.component(.year, from: Date(timeIntervalSince1970: Double(seconds)))
                #expect(TimestampCivilTime.year(ofSeconds: seconds) == Int32(year))
            }
        }
    }
}
