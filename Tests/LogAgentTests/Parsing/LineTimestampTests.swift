import Foundation
import JSONScanning
import Testing

@testable import LogAgent

extension LineTimestamp {
    func nanoseconds(_ text: String, seenAt: UInt64 = 0) -> UInt64? { Array(text.utf8).withUnsafeBytes { nanoseconds($0, seenAt: seenAt) } }
}

struct LineTimestampTests {
    /// 2024-01-15T10:30:00Z.
    private static let noon: UInt64 = 1_705_314_600_000_000_000

    @Test(arguments: [
        ("2024-01-15T10:30:00Z", 0), ("2024-01-15t10:30:00z", 0), ("2024-01-15 10:30:00", 0), ("2024-01-15T10:30:00", 0),
        ("2024-01-15T10:30:00.5Z", 500_000_000), ("2024-01-15 10:30:00,123 UTC", 123_000_000), ("2024-01-15 10:30:00.123 GMT", 123_000_000),
        ("2024-01-15T10:30:00.123456789Z", 123_456_789), ("2024-01-15T10:30:00.1234567899999Z", 123_456_789),
        ("2024-01-15T10:30:00.000000001", 1), ("2024-01-15T12:30:00+02:00", 0), ("2024-01-15T05:00:00-0530", 0),
        ("2024-01-15T12:30:00+02", 0),
        ("2024-01-15 11:30:00.25 +0100", 250_000_000), ("2024-01-15T10:30:00-00:00", 0), ("2024-01-16T10:29:00+23:59", 0),
        ("2024-01-14T10:31:00-23:59", 0),
    ])
    func `an RFC 3339 time and its common spellings are read`(text: String, nanosecond: UInt64) throws {
        #expect(try LineTimestamp(.rfc3339).nanoseconds(text) == Self.noon + nanosecond)
    }

    @Test(arguments: [
        "", "2024", "2024-01-15", "2024-01-15T10:30Z", "2024-01-15T10:30:0Z", "24-01-15T10:30:00Z", "2024-1-15T10:30:00Z",
        "2024/01/15T10:30:00Z",
        "2024-01-15_10:30:00Z", "2024-01-15T10.30.00Z", "2024-00-15T10:30:00Z", "2024-13-15T10:30:00Z", "2024-01-00T10:30:00Z",
        "2024-01-32T10:30:00Z",
        "2023-02-29T10:30:00Z", "2100-02-29T10:30:00Z", "2024-02-30T10:30:00Z", "2024-04-31T10:30:00Z", "2024-06-31T10:30:00Z",
        "2024-09-31T10:30:00Z",
        "2024-11-31T10:30:00Z", "2024-01-15T24:00:00Z", "2024-01-15T10:60:00Z", "2024-01-15T10:30:61Z", "2024-01-15T10:30:00.Z",
        "2024-01-15T10:30:00.",
        "2024-01-15T10:30:00X", "2024-01-15T10:30:00 CET", "2024-01-15T10:30:00Z ", " 2024-01-15T10:30:00Z", "2024-01-15T10:30:00  Z",
        "2024-01-15T10:30:00+",
        "2024-01-15T10:30:00+2", "2024-01-15T10:30:00+24:00", "2024-01-15T10:30:00+02:60", "2024-01-15T10:30:00+02:",
        "2024-01-15T10:30:00+02:0",
        "2024-01-15T10:30:00+020", "2024-01-15T10:30:00+02:00Z", "2024-01-15T10:30:00ZZ", "2024-01-15T10:30:00UT", "2024-01-15T10:30:0-Z",
        "-024-01-15T10:30:00Z", "2024-01-15T10:30:00\u{0}", "2024-01-15T1\u{661}:30:00Z", "1705314600",
    ])
    func `what is no RFC 3339 time is nil`(text: String) throws {
        #expect(try LineTimestamp(.rfc3339).nanoseconds(text) == nil)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999999Z", nil), ("1969-12-31T23:30:00-01:00", 1_800_000_000_000),
            ("1970-01-01T00:30:00+01:00", nil), ("2262-04-11T23:47:16.854775807Z", UInt64(Int64.max)),
            ("2262-04-11T23:47:16.854775808Z", nil),
            ("2262-04-12T00:00:00Z", nil), ("9999-12-31T23:59:59Z", nil), ("0000-01-01T00:00:00Z", nil),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_999_999_999), ("2016-12-31T23:59:60.5Z", 1_483_228_799_999_999_999),
            ("2016-12-31T18:59:60-05:00", 1_483_228_799_999_999_999), ("2016-12-31T23:59:59.5Z", 1_483_228_799_500_000_000),
        ] as [(String, UInt64?)])
    func `times are read up to their bounds, and leap seconds as the last moment before`(text: String, nanoseconds: UInt64?) throws {
        #expect(try LineTimestamp(.rfc3339).nanoseconds(text) == nanoseconds)
    }

    @Test func `random dates are those of Foundation's calendar`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let rfc3339 = try LineTimestamp(.rfc3339)
        let pattern = try LineTimestamp(.pattern("%d/%b/%Y:%H:%M:%S %z"))
        let dayOfYear = try LineTimestamp(.pattern("%Y %j %T"))
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        var state: UInt64 = 1
        for _ in 0..<3000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let seconds = (state >> 20) % 9_223_372_036
            let date = Date(timeIntervalSince1970: Double(seconds))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second, .dayOfYear], from: date)
            let (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
            func two(_ number: Int?) -> String { String(format: "%02d", number ?? -1) }
            let time = "\(two(parts.hour)):\(two(parts.minute)):\(two(parts.second))"
            #expect(rfc3339.nanoseconds("\(year)-\(two(month))-\(two(day))T\(time)Z") == seconds * 1_000_000_000)
            #expect(pattern.nanoseconds("\(two(day))/\(months[month - 1])/\(year):\(time) +0000") == seconds * 1_000_000_000)
            #expect(dayOfYear.nanoseconds("\(year) \(parts.dayOfYear ?? 0) \(time)") == seconds * 1_000_000_000)
        }
    }

    @Test func `every day of four centuries follows the one before`() {
        var expected: Int64 = 0
        for year: Int32 in 1970..<2370 {
            for month: Int32 in 1...12 {
                for day in 1...TimestampCivilTime.days(inMonth: month, of: year) {
                    guard TimestampCivilTime.daysSince1970(year: year, month: month, day: day) == expected else {
                        Issue.record("\(year)-\(month)-\(day) is not day \(expected)")
                        return
                    }
                    expected += 1
                }
            }
        }
        #expect(expected == 146_097)
    }

    @Test(arguments: [
        (TimestampFormat.unix, "1700000000.123456789", 1_700_000_000_123_456_789), (.unix, "1700000000", 1_700_000_000_000_000_000),
        (.unix, "1700000000.1", 1_700_000_000_100_000_000), (.unix, "1700000000.1234567899", 1_700_000_000_123_456_789), (.unix, "0", 0),
        (.unix, "9223372036.854775807", UInt64(Int64.max)), (.unixMilliseconds, "1700000000123", 1_700_000_000_123_000_000),
        (.unixMilliseconds, "1700000000123.456789", 1_700_000_000_123_456_789),
        (.unixMicroseconds, "1700000000123456", 1_700_000_000_123_456_000),
        (.unixMicroseconds, "1700000000123456.7", 1_700_000_000_123_456_700),
        (.unixNanoseconds, "1700000000123456789", 1_700_000_000_123_456_789),
        (.unixNanoseconds, "1700000000123456789.9", 1_700_000_000_123_456_789),
        (.unixNanoseconds, "9223372036854775807", UInt64(Int64.max)),
    ])
    func `unix times are exact to the nanosecond`(format: TimestampFormat, text: String, nanoseconds: UInt64) throws {
        #expect(try LineTimestamp(format).nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [TimestampFormat.unix, .unixMilliseconds, .unixMicroseconds, .unixNanoseconds])
    func `what is no unix time is nil`(format: TimestampFormat) throws {
        let timestamp = try LineTimestamp(format)
        for text in [
            "", "-1", "+1", ".5", "1.", "1e9", "1.5e9", "0x10", " 1", "1 ", "1,5", "a", "1.2.3", "99999999999999999999",
            "9223372036854775808",
            String(repeating: "9", count: 200),
        ] {
            #expect(timestamp.nanoseconds(text) == nil, "\(text)")
        }
    }

    @Test func `a unix time just beyond the last nanosecond is nil`() throws {
        #expect(try LineTimestamp(.unix).nanoseconds("9223372036.854775808") == nil)
        #expect(try LineTimestamp(.unix).nanoseconds("9223372037") == nil)
        #expect(try LineTimestamp(.unixMilliseconds).nanoseconds("9223372036854.775808") == nil)
    }

    @Test(
        arguments: [
            (TimestampFormat.rfc3339, #""2024-01-15T10:30:00Z""#, noon), (.rfc3339, #""2024-01-15T10:30:00\u002B00:00""#, noon),
            (.rfc3339, "1705314600", nil), (.rfc3339, "null", nil), (.rfc3339, #"["2024-01-15T10:30:00Z"]"#, nil),
            (.unix, "1705314600", noon),
            (.unix, #""1705314600""#, noon), (.unix, "1705314600.0", noon), (.unix, "1.7053146e9", nil), (.unix, "true", nil),
            (.pattern("%s"), "1705314600", noon), (.rfc3339, "\"2024-01-15T10:30:00.\(String(repeating: "0", count: 300))Z\"", nil),
        ] as [(TimestampFormat, String, UInt64?)])
    func `a field is read as its kind allows`(format: TimestampFormat, value: String, nanoseconds: UInt64?) throws {
        let timestamp = try LineTimestamp(format)
        let scanner = JSONScanner(paths: FieldPaths(["time"]))
        try Array("{\"time\":\(value)}".utf8).withUnsafeBytes { line in
            try scanner.scan(line)
            #expect(timestamp.nanoseconds(of: scanner[0], in: line) == nanoseconds)
        }
    }

    @Test func `a missing field has no time`() throws {
        let timestamp = try LineTimestamp(.rfc3339)
        #expect(timestamp.nanoseconds(of: .missing, in: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
    }
}
