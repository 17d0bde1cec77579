import Testing

@testable import LogAgent

struct TimestampPatternTests {
    @Test(arguments: [
        ("%d/%b/%Y:%H:%M:%S %z", "15/Jan/2024:10:30:00 +0000"), ("%d/%b/%Y:%H:%M:%S %z", "15/jan/2024:11:30:00 +01:00"),
        ("%d %b %Y %H:%M:%S.%f", "15 Jan 2024 10:30:00.000"), ("%Y-%m-%d %H:%M:%S %Z", "2024-01-15 10:30:00 UTC"),
        ("%a, %d %b %Y %T %Z", "Mon, 15 Jan 2024 10:30:00 GMT"), ("%A %B %e %R %Y", "MONDAY January 15 10:30 2024"),
        ("%F%t%T", "2024-01-15\t 10:30:00"),
        ("%D %I:%M %p", "01/15/24 10:30 AM"), ("%D %I:%M %p", "1/15/24 10:30 am"), ("%Y %j %H%M", "2024 15 1030"), ("%s", "1705314600"),
        ("[%Y] 100%% – %m/%d %H:%M", "[2024] 100% – 1/15 10:30"), ("%Y-%m-%dT%H:%M:%S%z", "2024-01-15T10:30:00Z"),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-01-15T05:00:00-0530"), ("%b %h %B %d %Y %R", "Jan jan January 15 2024 10:30"),
        ("%Y%m%d %H:%M", "20240115 10:30"),
        ("%F %T%n%Z", "2024-01-15 10:30:00Z"), ("%a %A %F %R", "Monday Tue 2024-01-15 10:30"),
    ])
    func `patterns read what strptime reads`(pattern: String, text: String) throws {
        #expect(try LineTimestamp(.pattern(pattern)).nanoseconds(text) == 1_705_314_600_000_000_000)
    }

    @Test(
        arguments: [
            ("%Y", "2024", 1_704_067_200_000_000_000), ("%Y-%m", "2024-03", 1_709_251_200_000_000_000), ("%F", "1970-01-01", 0),
            ("%F %I %p", "1970-01-01 12 AM", 0), ("%F %I %p", "1970-01-01 12 PM", 43_200_000_000_000),
            ("%F %I %p", "1970-01-01 1 PM", 46_800_000_000_000),
            ("%F %T.%f", "1970-01-01 00:00:01.5", 1_500_000_000), ("%F %T.%f", "1970-01-01 00:00:01.0000000019", 1_000_000_001),
            ("%s.%f", "1.25", 1_250_000_000),
            ("%y", "70", 0), ("%y", "69", nil), ("%y-%m", "68-01", 3_092_601_600_000_000_000),
            ("%F %T", "1970-01-01 00:00:60", 59_999_999_999),
            ("%Y %j", "2024 366", 1_735_603_200_000_000_000), ("%Y %j", "2023 366", nil), ("%Y %j", "2024 0", nil),
            ("%e %b %Y", " 1 Jan 1970", 0),
        ] as [(String, String, UInt64?)])
    func `missing parts are the first of their kind and parts have their ranges`(pattern: String, text: String, nanoseconds: UInt64?) throws
    {
        #expect(try LineTimestamp(.pattern(pattern)).nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: [
        ("%F", ""), ("%F", "2024-01-15x"), ("%F", "x2024-01-15"), ("%F", "2024-02-30"), ("%F", "2024-1"), ("%F", "24-01-15"),
        ("%F", "20240-01-15"),
        ("%F %T", "2024-01-15 10:30"), ("%F %T", "2024-01-15 24:00:00"), ("%F %T", "2024-01-15 10:60:00"), ("%F %T", "2024-01-15 10:30:61"),
        ("%F %z", "2024-01-15 CET"), ("%F %z", "2024-01-15 +1"), ("%F %Z", "2024-01-15 +0000"), ("%F %Z", "2024-01-15 CET"),
        ("%F %I %p", "2024-01-15 13 PM"),
        ("%F %I %p", "2024-01-15 0 AM"), ("%F %I %p", "2024-01-15 1 XM"), ("%b %Y", "Foo 2024"), ("%b %Y", "Ja 2024"),
        ("%b %Y", "Janu 2024"),
        ("%a %Y", "Xyz 2024"), ("%F.%f", "2024-01-15."), ("%s", "-1"), ("%s", "99999999999"), ("%Y%%", "2024"), ("%Y%f", "2024"),
        ("%e %Y", "  2024"),
    ])
    func `what does not match a pattern is nil`(pattern: String, text: String) throws {
        #expect(try LineTimestamp(.pattern(pattern)).nanoseconds(text) == nil)
    }

    @Test(arguments: [
        ("%Y-%Q", TimestampPatternError.unknownDirective("%Q", position: 3)), ("é%L", .unknownDirective("%L", position: 1)),
        ("%Y %", .endsWithPercent(position: 3)), ("", .noDate), ("%H:%M:%S", .noDate), ("%b %H", .noDate), ("%d %T", .noDate),
        ("%j %T", .noDate), ("%Y%%%", .endsWithPercent(position: 4)),
        ("%F %I:%M", .hourWithoutHalfOfDay(position: 3)), ("%3N", .unknownDirective("%3", position: 0)),
    ])
    func `a pattern that cannot work says why and where`(pattern: String, error: TimestampPatternError) {
        #expect(throws: error) { try LineTimestamp(.pattern(pattern)) }
    }

    @Test func `errors name what to use instead`() {
        #expect(
            TimestampPatternError.noDate.description
                == "The pattern reads no date; add %Y, %y, %F, %D or %s, or at least a month and a day, such as %b %d.")
        #expect(
            TimestampPatternError.unknownDirective("%Q", position: 3).description
                == "`%Q` at position 3 is no directive; use %Y %y %m %b %B %h %d %e %j %H %I %p %M %S %f %z %Z %a %A %s %T %R %D %F %n %t or %%."
        )
    }

    @Test func `a text that is cut anywhere does not match`() throws {
        let timestamp = try LineTimestamp(.pattern("%a %b %e %H:%M:%S.%f %z %Y"))
        let text = Array("Mon Jan 15 10:30:00.1 +0000 2024".utf8)
        #expect(timestamp.nanoseconds(String(decoding: text, as: UTF8.self)) == 1_705_314_600_100_000_000)
        for count in 0..<text.count {
            let cut = Array(text[..<count])
            #expect(cut.withUnsafeBytes { timestamp.nanoseconds($0) } == nil)
        }
    }
}
