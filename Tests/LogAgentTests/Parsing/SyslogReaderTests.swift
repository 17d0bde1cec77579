import Delivery
import Testing

@testable import LogAgent

struct SyslogReaderTests {
    private static let paths =
        SyslogReader.fieldNames + ["sd.ex@32473.iut", "sd.ex@32473.src", "sd.origin.ip", "sd.a.b"]
    private let parsing = Parsing(.syslog, paths)

    @Test(
        arguments: [
            (
                "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 77 ID47 "
                    + #"[ex@32473 iut="3" src="App \"x\" \] \\ \n"][origin ip="::1"] An application event"#,
                [
                    "priority": "165", "facility": "local4", "severity": "notice", "level": "info",
                    "timestamp": "2003-10-11T22:14:15.003Z", "hostname": "mymachine.example.com", "app_name": "evntslog",
                    "proc_id": "77", "msg_id": "ID47", "sd.ex@32473.iut": "3", "sd.ex@32473.src": #"App "x" ] \ \n"#,
                    "sd.origin.ip": "::1", "message": "An application event",
                ]
            ),
            (
                "<34>1 2003-10-11T22:14:15.003Z host su - - - \u{FEFF}'su root' failed",
                [
                    "priority": "34", "facility": "auth", "severity": "crit", "level": "critical",
                    "timestamp": "2003-10-11T22:14:15.003Z", "hostname": "host", "app_name": "su", "message": "'su root' failed",
                ]
            ),
            ("<0>1 - - - - - -", ["priority": "0", "facility": "kern", "severity": "emerg", "level": "critical"]),
            (
                "<191>1 - - - - - [a][a b=\"\"]  two",
                [
                    "priority": "191", "facility": "local7", "severity": "debug", "level": "debug", "sd.a.b": "",
                    "message": " two",
                ]
            ),
            (
                "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
                [
                    "priority": "34", "facility": "auth", "severity": "crit", "level": "critical", "timestamp": "Oct 11 22:14:15",
                    "hostname": "mymachine", "app_name": "su", "message": "'su root' failed",
                ]
            ),
            (
                "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
                [
                    "priority": "13", "facility": "user", "severity": "notice", "level": "info", "timestamp": "Feb  5 17:32:18",
                    "hostname": "10.0.0.99", "message": "Use the BFG!",
                ]
            ),
            (
                "<13>Nov 25 22:47:47 root[77]: hello",
                [
                    "priority": "13", "facility": "user", "severity": "notice", "level": "info", "timestamp": "Nov 25 22:47:47",
                    "app_name": "root", "proc_id": "77", "message": "hello",
                ]
            ),
            (
                "Nov 25 22:47:47 host CRON[1234]: (root) CMD (true)",
                [
                    "timestamp": "Nov 25 22:47:47", "hostname": "host", "app_name": "CRON", "proc_id": "1234",
                    "message": "(root) CMD (true)",
                ]
            ),
            (
                "2026-11-25T22:47:47.123456+00:00 host postfix/smtpd[9]: connect",
                [
                    "timestamp": "2026-11-25T22:47:47.123456+00:00", "hostname": "host", "app_name": "postfix/smtpd", "proc_id": "9",
                    "message": "connect",
                ]
            ),
            (
                "2026-11-25 22:47:47 host kernel: [1.5] up",
                ["timestamp": "2026-11-25 22:47:47", "hostname": "host", "app_name": "kernel", "message": "[1.5] up"]
            ),
            (
                "Nov 25 2026 22:47:47: %ASA-6-1: built",
                ["timestamp": "Nov 25 2026 22:47:47", "app_name": "%ASA-6-1", "message": "built"]
            ),
            (
                "Nov 25 22:47:47.250 ::1 app: x",
                ["timestamp": "Nov 25 22:47:47.250", "hostname": "::1", "app_name": "app", "message": "x"]
            ),
            (
                "Nov 25 22:47:47 host -- MARK --",
                ["timestamp": "Nov 25 22:47:47", "hostname": "host", "message": "-- MARK --"]
            ),
            ("Nov 25 22:47:47 host app:", ["timestamp": "Nov 25 22:47:47", "hostname": "host", "app_name": "app"]),
            ("Nov 25 22:47:47 alone", ["timestamp": "Nov 25 22:47:47", "message": "alone"]),
            ("Nov 25 22:47:47", ["timestamp": "Nov 25 22:47:47"]),
            ("<14>no time", ["priority": "14", "facility": "user", "severity": "info", "level": "info", "message": "no time"]),
            ("", [:]),
        ] as [(String, [String: String])])
    func `fields of a message are found`(line: String, fields: [String: String]) {
        #expect(parsing.error(in: line) == nil)
        #expect(parsing.fields(of: line) == fields)
    }

    @Test(arguments: [
        ("plain words", "found no time at byte 0, such as `Oct 11 22:14:15` or `2026-10-11T22:14:15Z`"),
        ("Foo 2026", "found no time at byte 0, such as `Oct 11 22:14:15` or `2026-10-11T22:14:15Z`"),
        ("<>x", "found no priority at byte 1: `<`, up to three digits and `>`"),
        ("<1234>x", "found no priority at byte 5: `<`, up to three digits and `>`"),
        ("<192>1 - - - - - -", "the priority at byte 1 is above 191"),
        ("<1", "found no priority at byte 2: `<`, up to three digits and `>`"),
        ("<1>1 - host", "found no host name at byte 7; a message of RFC 5424 has `-` where it has none"),
        ("<1>1 - h a p m", "found no message id at byte 13; a message of RFC 5424 has `-` where it has none"),
        ("<1>1 - h a p m ", "found no structured data at byte 15; a message of RFC 5424 has `-` where it has none"),
        ("<1>1 - h a p m x", "found no structured data at byte 15, such as `-` or `[id name=\"value\"]`"),
        ("<1>1 - h a p m [x", "found no structured data at byte 17, such as `-` or `[id name=\"value\"]`"),
        ("<1>1 - h a p m [x y=z]", "found no structured data at byte 20, such as `-` or `[id name=\"value\"]`"),
        ("<1>1 - h a p m [x y=\"z\\", "the value of the structured data that starts at byte 21 has no closing quote"),
        ("<1>1 - h a p m []", "found no structured data at byte 16, such as `-` or `[id name=\"value\"]`"),
        ("<1>1 - h a p m -x", "found no structured data at byte 16, such as `-` or `[id name=\"value\"]`"),
    ])
    func `what is no message says where`(line: String, error: String) {
        #expect(parsing.error(in: line) == error)
        #expect(parsing.fields(of: line) == [:])
    }

    @Test
    func `a source asks only for the fields that it wants`() {
        #expect(Parsing(.syslog, ["message", "level"]).fields(of: "<11>Oct 11 22:14:15 h a: b") == ["message": "b", "level": "error"])
    }

    @Test(arguments: 0..<8)
    func `what RFC 5424 writes is read`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let words = ["-", "host.example", "app", "x1", "0", "a]b", "\"q\""]
        for _ in 0..<200 {
            var expected: [String: String] = [:]
            let priority = Int.random(in: 0...191, using: &random)
            expected["priority"] = "\(priority)"
            var line = "<\(priority)>1"
            for name in ["timestamp", "hostname", "app_name", "proc_id", "msg_id"] {
                let word = words.randomElement(using: &random) ?? "-"
                if word != "-" { expected[name] = word }
                line += " " + word
            }
            var elements = ""
            for path in ["sd.ex@32473.iut", "sd.origin.ip", "sd.a.b"] where Bool.random(using: &random) {
                let value = String(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in "a\"\\]é n".randomElement(using: &random) ?? "a" })
                let parts = path.split(separator: ".")
                let escaped = value.map { "\"\\]".contains($0) ? "\\\($0)" : String($0) }.joined()
                elements += "[\(parts[1]) \(parts[2])=\"\(escaped)\"]"
                expected[path] = value
            }
            line += " " + (elements.isEmpty ? "-" : elements) + " text [x]"
            expected["message"] = "text [x]"
            var fields = parsing.fields(of: line)
            for derived in ["facility", "severity", "level"] { #expect(fields.removeValue(forKey: derived) != nil) }
            #expect(fields == expected, "\(line)")
        }
    }
}
