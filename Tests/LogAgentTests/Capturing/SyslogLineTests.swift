import Testing

@testable import LogAgent

struct SyslogLineTests {
    private static func line(_ message: [UInt8]) -> [UInt8]? {
        var lines: [UInt8] = []
        guard message.withUnsafeBytes({ SyslogLine.append($0, to: &lines) }) else {
            #expect(lines.isEmpty)
            return nil
        }
        #expect(lines.last == 0x0a)
        return lines.dropLast()
    }

    private static func line(_ message: String) -> String? { line(Array(message.utf8)).map { String(decoding: $0, as: UTF8.self) } }

    @Test(arguments: [
        ("<13>plain", "<13>plain"), ("<13>two\nlines", "<13>two#012lines"), ("<13>#1 and #012", "<13>#1 and #043012"),
        ("<13>##012\n#", "<13>##043012#012#"), ("<13>ends\n", "<13>ends"), ("<13>ends\r\n\u{0}", "<13>ends"), ("a\rb", "a\rb"),
        ("#01\n2", "#01#0122"), ("#999", "#999"),
    ])
    func `line feeds are escaped and everything else is as it was`(message: String, line: String) {
        #expect(Self.line(message) == line)
    }

    @Test(arguments: ["", "\n", "\r\n\u{0}"])
    func `a message without a byte makes no line`(message: String) {
        #expect(Self.line(message) == nil)
    }

    @Test func `every message comes back from its line`() {
        // Bytes that matter, so that escapes and what looks like them come often.
        let bytes = Array("#01243\n\r \u{0}x".utf8) + [0xff, 0xc3]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            let message =
                (0..<Int.random(in: 1..<20, using: &random)).map { _ in bytes[Int.random(in: 0..<bytes.count, using: &random)] } + [0x78]
            let line = Self.line(message)
            #expect(line?.contains(0x0a) == false)
            #expect(line?.withUnsafeBytes { SyslogLine.message(of: $0) } == message, "\(message)")
        }
    }
}
