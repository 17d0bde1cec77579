@testable import LogAgent

/// The first byte chooses the format and the zone. For patterns, the pattern, a newline and a text follow; for others the text.
enum TimestampFuzzing {
    private static let zones: [TimestampZone?] = [
        nil, .fixed(-34_200), (try? ZoneRules(named: "Europe/Berlin")).map(TimestampZone.rules),
    ]
    private static let seenAt: UInt64 = 1_800_000_000_000_000_000

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let choice = input.first else { return }
        let rest = UnsafeRawBufferPointer(rebasing: input[1...])
        let zone = zones[Int(choice >> 4) % zones.count]
        let formats: [TimestampFormat] = [.rfc3339, .syslog, .unix, .unixMilliseconds, .unixMicroseconds, .unixNanoseconds]
        let format: TimestampFormat
        var text = rest
        if Int(choice & 15) < formats.count {
            format = formats[Int(choice & 15)]
        } else {
            let (pattern, behind) = rest.splitAtNewline
            format = .pattern(String(decoding: pattern, as: UTF8.self))
            text = behind
        }
        do throws(TimestampPatternError) {
            let timestamp = try LineTimestamp(format, zone: zone)
            let time = timestamp.nanoseconds(text, seenAt: seenAt)
            precondition(time ?? 0 <= UInt64(Int64.max), "a time is beyond what Loki stores")
            precondition(timestamp.nanoseconds(text, seenAt: seenAt) == time, "a text has two times")
        } catch {
            _ = error.description
        }
    }
}
