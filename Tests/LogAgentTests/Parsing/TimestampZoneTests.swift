import Foundation
import Testing

@testable import LogAgent

struct TimestampZoneTests {
    /// Which do not come with every system: then there is nothing to compare.
    private static let hasZones = FileManager.default.fileExists(atPath: ZoneRules.directory + "/Europe/Berlin")

    private func time(_ text: String, _ format: TimestampFormat = .rfc3339, zone: TimestampZone) throws -> String? {
        let timestamp = try LineTimestamp(format, zone: zone)
        return timestamp.nanoseconds(text).map { Date(timeIntervalSince1970: Double($0 / 1_000_000_000)).ISO8601Format() }
    }

    @Test
    func `a time without an offset is in the zone of its source`() throws {
        #expect(try time("2026-01-15 12:00:00", zone: .fixed(7200)) == "2026-01-15T10:00:00Z")
        #expect(try time("2026-01-15 12:00:00", zone: .fixed(-19800)) == "2026-01-15T17:30:00Z")
        #expect(try time("15/Jan/2026 12:00", .pattern("%d/%b/%Y %H:%M"), zone: .fixed(7200)) == "2026-01-15T10:00:00Z")
        #expect(try time("Jan 15 2026 12:00:00", .syslog, zone: .fixed(7200)) == "2026-01-15T10:00:00Z")
    }

    @Test
    func `a time with an offset keeps it`() throws {
        #expect(try time("2026-01-15 12:00:00Z", zone: .fixed(7200)) == "2026-01-15T12:00:00Z")
        #expect(try time("2026-01-15 12:00:00+01:00", zone: .fixed(7200)) == "2026-01-15T11:00:00Z")
        #expect(try time("2026-01-15 12:00 +0100", .pattern("%F %R %z"), zone: .fixed(7200)) == "2026-01-15T11:00:00Z")
        #expect(try time("2026-01-15 12:00 GMT", .pattern("%F %R %Z"), zone: .fixed(7200)) == "2026-01-15T12:00:00Z")
        #expect(try time("1768478400", .unix, zone: .fixed(7200)) == "2026-01-15T12:00:00Z")
    }

    @Test(
        .enabled(if: hasZones),
        arguments: [
            ("Europe/Berlin", "2026-01-15 12:00:00", "2026-01-15T11:00:00Z"),
            ("Europe/Berlin", "2026-07-15 12:00:00", "2026-07-15T10:00:00Z"),
            // Skipped at 02:00, shown twice up to 03:00.
            ("Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
            ("Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
            ("Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
            ("Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
            ("Europe/Berlin", "1975-07-15 12:00:00", "1975-07-15T11:00:00Z"),
            ("Europe/Berlin", "2099-07-15 12:00:00", "2099-07-15T10:00:00Z"),
            ("America/New_York", "2026-03-08 03:00:00", "2026-03-08T07:00:00Z"),
            ("Australia/Sydney", "2060-01-15 12:00:00", "2060-01-15T01:00:00Z"),
            ("Asia/Kathmandu", "2026-01-15 12:00:00", "2026-01-15T06:15:00Z"),
            ("Australia/Lord_Howe", "2026-07-15 12:00:00", "2026-07-15T01:30:00Z"), ("UTC", "2026-01-15 12:00:00", "2026-01-15T12:00:00Z"),
        ])
    func `the rules of a place are followed`(name: String, text: String, expected: String) throws {
        #expect(try time(text, zone: .rules(ZoneRules(named: name))) == expected)
    }

    @Test(
        .enabled(if: hasZones),
        arguments: [
            "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe",
            "Asia/Tehran",
            "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "Asia/Kolkata", "Antarctica/Troll",
        ])
    func `offsets are those of the C library`(name: String) throws {
        let rules = try ZoneRules(named: name)
        let zone = try #require(TimeZone(identifier: name))
        for day in stride(from: Int64(0), to: 25_000, by: 3) {
            let seconds = day * 86_400 + day % 24 * 3600
            let expected = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
            #expect(Int(rules.offset(at: seconds)) == expected, "at \(seconds)")
        }
    }

    @Test
    func `names that lead elsewhere are refused`() {
        for name in [
            "", "/etc/passwd", "../etc/passwd", "Europe/../../passwd", "Europe/", ".hidden", "a\u{0}b", String(repeating: "a", count: 65),
        ] {
            #expect(throws: ZoneRulesError.badName(name)) { try ZoneRules(named: name) }
        }
    }

    @Test(.enabled(if: hasZones))
    func `damaged files are refused or read, and never read beyond`() throws {
        let whole = [UInt8](try Data(contentsOf: URL(filePath: ZoneRules.directory + "/Europe/Berlin")))
        #expect(ZoneRules(whole) != nil)
        #expect(ZoneRules([]) == nil)
        for count in stride(from: 0, to: whole.count, by: 7) { _ = ZoneRules(Array(whole[..<count])) }
        for place in 0..<min(whole.count, 200) {
            var damaged = whole
            damaged[place] ^= 0xFF
            _ = ZoneRules(damaged)?.offset(at: 1_768_478_400)
        }
    }

    @Test(
        arguments: [
            ("UTC0", 1_768_478_400, 0), ("CET-1CEST,M3.5.0,M10.5.0/3", 1_768_478_400, 3600),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 1_784_116_800, 7200),
            ("<+0545>-5:45", 0, 20_700), ("EST5EDT,M3.2.0,M11.1.0", 1_784_116_800, -14_400), ("EST5", 0, -18_000),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 1_768_478_400, 39_600), ("X1Y", 0, nil), ("XXX1YYY,J60,J300", 5_097_599, -3600),
            ("XXX1YYY,59,299", 5_000_000, -3600), ("XXX", 0, nil), ("XX1", 0, nil), ("", 0, nil), ("XXX1YYY,M13.1.0,M1.1.0", 0, nil),
            ("XXX1YYY,M3.5.0", 0, nil), ("XXX1 ", 0, nil),
        ] as [(String, Int64, Int32?)])
    func `POSIX rules are read`(text: String, seconds: Int64, offset: Int32?) {
        #expect(PosixZone(Array(text.utf8))?.offset(at: seconds) == offset)
    }
}
