import Foundation
import Testing

@testable import LogAgent

/// Every line of what real programs wrote (`fixtures/logs/README.md`).
struct RealLogTests {
    private static let seenAt: UInt64 = 1_796_000_000_000_000_000

    private static func lines(_ name: String) throws -> [[UInt8]] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../fixtures/logs/\(name)")
        return try Data(contentsOf: url).split(separator: 0x0A).map(Array.init)
    }

    /// The fields of each line that fits, and the lines that do not.
    private func parse(
        _ name: String, _ format: LineFormat, _ paths: [String]
    ) throws -> (fields: [[String: String]], others: [String]) {
        let parsing = Parsing(format, paths)
        var result: (fields: [[String: String]], others: [String]) = ([], [])
        for line in try Self.lines(name) {
            let (fields, error) = parsing.fields(of: line)
            if error == nil { result.fields.append(fields) } else { result.others.append(String(decoding: line, as: UTF8.self)) }
        }
        return result
    }

    private func times(_ texts: [String?], _ format: TimestampFormat, zone: TimestampZone? = nil) throws -> [UInt64?] {
        let timestamp = try LineTimestamp(format, zone: zone)
        return texts.map { $0.flatMap { timestamp.nanoseconds($0, seenAt: Self.seenAt) } }
    }

    @Test
    func `Prometheus writes logfmt`() throws {
        let (fields, others) = try parse("prometheus.log", .logfmt, ["ts", "caller", "level", "msg", "err", "scrape_pool", "url"])
        #expect(fields.count == 133)
        #expect(others == [])
        #expect(fields.allSatisfy { $0["caller"]?.contains(".go:") == true && $0["level"] != nil })
        #expect(try times(fields.map { $0["ts"] }, .rfc3339).allSatisfy { $0 != nil })
        #expect(Set(fields.compactMap { $0["level"] }) == ["debug", "info", "warn", "error"])
        #expect(fields.contains { $0["scrape_pool"] == #"it's "odd" = é"# })
        #expect(fields.contains { $0["url"]?.hasSuffix("/api/v1/push?a=b&c=d") == true })
        #expect(fields.contains { $0["err"]?.contains(#"--config.file="/etc/prometheus/prometheus.yml""#) == true })
    }

    @Test(arguments: ["syslog-traditional.log", "syslog-iso.log", "syslog-forwarded.log", "syslog-rfc5424.log"])
    func `rsyslog writes syslog in every form`(name: String) throws {
        let (fields, others) = try parse(name, .syslog, SyslogReader.fieldNames + ["sd.ex@32473.text", "sd.origin.ip"])
        #expect(fields.count == 125)
        #expect(others == [])
        let times = try times(fields.map { $0["timestamp"] }, .syslog)
        #expect(times.allSatisfy { $0 != nil && $0 ?? 0 < Self.seenAt + 86_400_000_000_000 })
        #expect(fields.allSatisfy { $0["hostname"] != nil && $0["message"] != nil })

        let hasPriority = name == "syslog-forwarded.log" || name == "syslog-rfc5424.log"
        var told = 0
        for line in fields {
            // rsyslog's form of RFC 5424 puts the blank behind a tag into the message.
            guard let message = line["message"]?.drop(while: { $0 == " " }), message.hasPrefix("a message of ") else { continue }
            // `logger` lets no one but the kernel send as `kern`.
            let words = message.dropFirst("a message of ".count).split(separator: ".").map(String.init)
            told += 1
            #expect(line["app_name"] == words[0])
            #expect(line["severity"] == (hasPriority ? words[1] : nil))
            #expect(line["facility"] == (hasPriority ? (words[0] == "kern" ? "user" : words[0]) : nil))
            #expect((line["level"] != nil) == hasPriority)
        }
        #expect(told == 112)
        #expect(fields.contains { $0["app_name"] == "sshd" && $0["proc_id"] == "4242" })
        #expect(fields.contains { $0["app_name"] == "with:colon" || $0["app_name"] == "with" })
        if name == "syslog-rfc5424.log" {
            #expect(fields.contains { $0["sd.ex@32473.text"] == #"a "b" \\ ]"# && $0["sd.origin.ip"] == "192.0.2.1" })
            #expect(fields.contains { $0["msg_id"] == "ID47" && $0["message"] == "An application event" })
        }
    }

    @Test
    func `a pattern and an expression find the same in nginx's access log`() throws {
        let names = ["ip", "user", "time", "request", "status", "bytes", "referer", "agent"]
        let pattern = try LinePattern(#"<ip> - <user> [<time>] "<request>" <status> <bytes> "<referer>" "<agent>""#)
        let regex = try RegexProgram(
            #"^(?P<ip>\S+) - (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"$"#
        )
        let byPattern = try parse("nginx-access.log", .pattern(pattern), names)
        let byRegex = try parse("nginx-access.log", .regex(regex), names)
        #expect(byPattern.fields == byRegex.fields)
        #expect(byPattern.others == byRegex.others)
        // Two requests are so long that the capture cut their lines.
        #expect(byPattern.fields.count == 398)
        #expect(byPattern.others.count == 2)
        #expect(try times(byRegex.fields.map { $0["time"] }, .pattern("%d/%b/%Y:%H:%M:%S %z")).allSatisfy { $0 != nil })
        #expect(byRegex.fields.contains { $0["agent"] == #"agent \x22with\x22 quotes and \x5Cbackslash"# })
    }

    @Test
    func `expressions read the error logs of nginx, Redis and Celery`() throws {
        let nginx = try parse(
            "nginx-error.log", .regex(RegexProgram(#"^(?P<time>\S+ \S+) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#\d+: (?P<message>.*)$"#)),
            ["time", "level", "pid", "message"])
        #expect(nginx.others == [])
        #expect(Set(nginx.fields.compactMap { $0["level"] }) == ["notice", "error"])
        #expect(try times(nginx.fields.map { $0["time"] }, .pattern("%Y/%m/%d %H:%M:%S"), zone: .fixed(3600)).allSatisfy { $0 != nil })

        let redis = try parse("redis.log", .pattern(LinePattern("<pid>:<role> <d> <m> <y> <t> <sign> <message>")), ["y", "t", "message"])
        #expect(redis.others == [])
        #expect(redis.fields.allSatisfy { $0["y"] == "2026" })
        let redisTimes = try parse(
            "redis.log", .regex(RegexProgram(#"^\d+:[A-Z] (?P<time>\d+ \w+ \d+ [\d:.]+) [.*#-] "#)), ["time"])
        #expect(try times(redisTimes.fields.map { $0["time"] }, .pattern("%d %b %Y %H:%M:%S.%f")).allSatisfy { $0 != nil })
        #expect(redisTimes.fields.count == redis.fields.count)

        let celery = try parse(
            "celery-worker.log", .regex(RegexProgram(#"^\[(?P<time>[^:]+:\d+:[\d,]+): (?P<level>[A-Z]+)/(?P<process>[^\]]+)\]"#)),
            ["time", "level", "process"])
        // The rest are lines of tracebacks.
        #expect(celery.fields.count > 100 && !celery.others.isEmpty)
        #expect(try times(celery.fields.map { $0["time"] }, .pattern("%Y-%m-%d %H:%M:%S,%f")).allSatisfy { $0 != nil })
    }

    @Test(arguments: ["postgresql.jsonl", "transcode.jsonl"])
    func `JSON logs are read`(name: String) throws {
        let (fields, others) = try parse(name, .json, ["timestamp"])
        #expect(others == [])
        #expect(fields.allSatisfy { $0["timestamp"] != nil })
    }
}
