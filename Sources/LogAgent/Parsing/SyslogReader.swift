import Glibc
import JSONScanning

/// Finds the fields of a syslog message, as files and sockets have them: RFC 5424, RFC 3164 and what programs write instead.
///
/// | form | example |
/// | --- | --- |
/// | RFC 5424 | `<165>1 2026-11-25T22:14:15.003Z host app 123 ID47 [sd@1 key="value"] text` |
/// | RFC 3164 | `<34>Oct 11 22:14:15 host su[77]: text`; also without host, with a year behind the day, or a fraction of a second |
/// | files | `Oct 11 22:14:15 host su[77]: text` and `2026-11-25T22:14:15.003456+00:00 host su[77]: text`: without the priority |
///
/// The fields: `priority`, `facility` and `severity` (keywords of RFC 5427), `level` (critical, error, warning, info or debug),
/// `timestamp`, `hostname`, `app_name`, `proc_id`, `msg_id`, `message`, and `sd.<id>.<name>` for each parameter of the structured data.
/// What is `-` in a message is missing here.
final class SyslogReader {
    static let timestampField = "timestamp"
    static let structuredDataPrefix = "sd."
    static let fieldNames = [
        "priority", "facility", "severity", "level", timestampField, "hostname", "app_name", "proc_id", "msg_id", LineParser.messageField,
    ]

    private let priority: Int?
    private let facility: Int?
    private let severity: Int?
    private let level: Int?
    private let timestamp: Int?
    private let hostname: Int?
    private let appName: Int?
    private let processID: Int?
    private let messageID: Int?
    private let message: Int?
    private let wantsStructuredData: Bool
    private let fields: JSONScanner
    private let copy: LineCopy
    /// `sd.<id>.<name>`, or the text of a parameter without its escapes.
    private var scratch: [UInt8] = []

    init(_ fields: JSONScanner, _ copy: LineCopy) {
        let slot = { (name: String) in fields.paths.slot(of: name) }
        priority = slot("priority")
        facility = slot("facility")
        severity = slot("severity")
        level = slot("level")
        timestamp = slot(Self.timestampField)
        hostname = slot("hostname")
        appName = slot("app_name")
        processID = slot("proc_id")
        messageID = slot("msg_id")
        message = slot(LineParser.messageField)
        wantsStructuredData = fields.paths.paths.contains { $0.hasPrefix(Self.structuredDataPrefix) }
        self.fields = fields
        self.copy = copy
    }

    /// Sets the fields of `line`, which is not empty; gives the text that they are ranges of.
    func read(_ line: UnsafeRawBufferPointer) throws(SyslogError) -> UnsafeRawBufferPointer {
        var cursor = Cursor(line: line)
        let hasPriority = try readPriority(&cursor)
        if hasPriority, cursor.skipVersion() {
            try readStandard(&cursor)
        } else {
            try readTraditional(&cursor, hasPriority: hasPriority)
        }
        return copy.isEmpty ? line : copy.text
    }

    private func set(_ slot: Int?, _ range: Range<Int>, _ kind: FieldValue.Kind = .string) {
        if let slot { fields.set(slot, FieldValue(range, kind)) }
    }

    // Priority (RFC 5424 §6.2.1)

    private func readPriority(_ cursor: inout Cursor) throws(SyslogError) -> Bool {
        guard cursor.skip(UInt8(ascii: "<")) else { return false }
        let digits = cursor.take { $0 &- 0x30 < 10 }
        guard (1...3).contains(digits.count), cursor.skip(UInt8(ascii: ">")) else {
            throw SyslogError(reason: .priority, offset: cursor.place)
        }
        var value = 0
        for index in digits { value = value * 10 + Int(cursor.line[index]) - 0x30 }
        guard value < 192 else { throw SyslogError(reason: .priorityTooHigh, offset: digits.lowerBound) }
        set(priority, digits, .number)
        if let facility { append(Self.facilities[value >> 3], to: facility, cursor.line) }
        if let severity { append(Self.severities[value & 7], to: severity, cursor.line) }
        if let level { append(Self.levels[value & 7], to: level, cursor.line) }
        return true
    }

    private func append(_ text: [UInt8], to slot: Int, _ line: UnsafeRawBufferPointer) {
        fields.set(slot, FieldValue(copy.append(text, behind: line), .string))
    }

    /// RFC 5427 §3.
    private static let facilities = texts(
        "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit console cron2 "
            + "local0 local1 local2 local3 local4 local5 local6 local7")
    private static let severities = texts("emerg alert crit err warning notice info debug")
    /// What Grafana colours lines by.
    private static let levels = texts("critical critical critical error warning info info debug")

    private static func texts(_ words: String) -> [[UInt8]] { words.split(separator: " ").map { Array($0.utf8) } }

    // RFC 5424

    private func readStandard(_ cursor: inout Cursor) throws(SyslogError) {
        for (slot, name) in [
            (timestamp, SyslogError.Part.timestamp), (hostname, .hostname), (appName, .appName), (processID, .processID),
            (messageID, .messageID),
        ] {
            let word = cursor.word()
            guard !word.isEmpty, cursor.skip(0x20) else { throw SyslogError(reason: .missing(name), offset: word.lowerBound) }
            if !cursor.isNil(word) { set(slot, word) }
        }
        guard !cursor.isAtEnd else { throw SyslogError(reason: .missing(.structuredData), offset: cursor.place) }
        if cursor.byte == UInt8(ascii: "[") {
            while cursor.skip(UInt8(ascii: "[")) { try readElement(&cursor) }
        } else {
            guard cursor.skip(UInt8(ascii: "-")) else { throw SyslogError(reason: .structuredData, offset: cursor.place) }
        }
        if cursor.isAtEnd { return }
        guard cursor.skip(0x20) else { throw SyslogError(reason: .structuredData, offset: cursor.place) }
        // The mark says that UTF-8 follows.
        if cursor.rest.count >= 3, cursor.line[cursor.place] == 0xEF, cursor.line[cursor.place + 1] == 0xBB,
            cursor.line[cursor.place + 2] == 0xBF
        {
            cursor.place += 3
        }
        set(message, cursor.rest)
    }

    /// `id name="value" …]`; the opening bracket is behind us.
    private func readElement(_ cursor: inout Cursor) throws(SyslogError) {
        let id = cursor.take(while: Self.isNameByte)
        if id.isEmpty { throw SyslogError(reason: .structuredData, offset: cursor.place) }
        while cursor.skip(0x20) {
            let name = cursor.take(while: Self.isNameByte)
            guard !name.isEmpty, cursor.skip(UInt8(ascii: "=")), cursor.skip(UInt8(ascii: "\"")) else {
                throw SyslogError(reason: .structuredData, offset: cursor.place)
            }
            let start = cursor.place
            var hasEscapes = false
            while !cursor.isAtEnd, cursor.byte != UInt8(ascii: "\"") {
                if cursor.byte == UInt8(ascii: "\\") {
                    hasEscapes = true
                    cursor.place += 1
                    if cursor.isAtEnd { break }
                }
                cursor.place += 1
            }
            let value = start..<cursor.place
            guard cursor.skip(UInt8(ascii: "\"")) else { throw SyslogError(reason: .valueNotClosed, offset: start) }
            if wantsStructuredData { set(id: id, name: name, value, hasEscapes: hasEscapes, cursor.line) }
        }
        guard cursor.skip(UInt8(ascii: "]")) else { throw SyslogError(reason: .structuredData, offset: cursor.place) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "]") && byte != UInt8(ascii: "\"")
    }

    private func set(id: Range<Int>, name: Range<Int>, _ value: Range<Int>, hasEscapes: Bool, _ line: UnsafeRawBufferPointer) {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: Self.structuredDataPrefix.utf8)
        scratch.append(contentsOf: line[id])
        scratch.append(UInt8(ascii: "."))
        scratch.append(contentsOf: line[name])
        guard let slot = scratch.withUnsafeBytes({ fields.slot(named: $0) }) else { return }
        guard hasEscapes else { return set(slot, value) }
        // Only `"`, `\` and `]` are escaped; any other backslash is one (RFC 5424 §6.3.3).
        scratch.removeAll(keepingCapacity: true)
        var place = value.lowerBound
        while place < value.upperBound {
            if line[place] == UInt8(ascii: "\\"), place + 1 < value.upperBound,
                [UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "]")].contains(line[place + 1])
            {
                place += 1
            }
            scratch.append(line[place])
            place += 1
        }
        append(scratch, to: slot, line)
    }

    // RFC 3164, and files

    private func readTraditional(_ cursor: inout Cursor, hasPriority: Bool) throws(SyslogError) {
        if let time = cursor.timestamp() {
            set(timestamp, time)
            _ = cursor.skip(UInt8(ascii: ":"))
            guard cursor.skip(0x20) || cursor.isAtEnd else { throw SyslogError(reason: .timestamp, offset: time.lowerBound) }
        } else if !hasPriority {
            throw SyslogError(reason: .timestamp, offset: cursor.place)
        } else {
            // §4.3.3: without a time there is nothing but the message.
            return set(message, cursor.rest)
        }
        cursor.skipBlanks()
        // A local socket's messages have no host: the first word is the tag then.
        if cursor.tag() == nil {
            let word = cursor.word()
            if !word.isEmpty, cursor.skip(0x20) {
                set(hostname, word)
                cursor.skipBlanks()
            } else {
                cursor.place = word.lowerBound
            }
        }
        if let tag = cursor.tag() {
            set(appName, tag.name)
            if let id = tag.processID { set(processID, id) }
            cursor.place = tag.end
            _ = cursor.skip(0x20)
        }
        if !cursor.isAtEnd { set(message, cursor.rest) }
    }

    /// A place in a message.
    private struct Cursor {
        let line: UnsafeRawBufferPointer
        var place = 0

        var isAtEnd: Bool { place >= line.count }
        var byte: UInt8 { place < line.count ? line[place] : 0 }
        var rest: Range<Int> { place..<line.count }

        mutating func skip(_ wanted: UInt8) -> Bool {
            guard place < line.count, line[place] == wanted else { return false }
            place += 1
            return true
        }

        mutating func skipBlanks() {
            while byte == 0x20 { place += 1 }
        }

        mutating func take(while isWanted: (UInt8) -> Bool) -> Range<Int> {
            let start = place
            while place < line.count, isWanted(line[place]) { place += 1 }
            return start..<place
        }

        mutating func word() -> Range<Int> { take { $0 != 0x20 } }

        func isNil(_ word: Range<Int>) -> Bool { word.count == 1 && line[word.lowerBound] == UInt8(ascii: "-") }

        /// A number of 1 to 3 digits, not 0, and a blank.
        mutating func skipVersion() -> Bool {
            var ahead = self
            let digits = ahead.take { $0 &- 0x30 < 10 }
            guard (1...3).contains(digits.count), line[digits.lowerBound] != 0x30, ahead.skip(0x20) else { return false }
            self = ahead
            return true
        }

        /// Steps over `Oct 11 22:14:15`, with a year behind the day or a fraction at the end, or over RFC 3339, if it stands here.
        /// Its numbers are not looked at.
        mutating func timestamp() -> Range<Int>? {
            var ahead = self
            if ahead.byte &- 0x30 < 10 {
                let word = ahead.word()
                guard word.count >= 10, line[word.lowerBound + 4] == UInt8(ascii: "-"), line[word.lowerBound + 7] == UInt8(ascii: "-")
                else { return nil }
                if word.count == 10 {
                    // The time of day stands behind a blank.
                    guard ahead.skip(0x20), ahead.take(while: { $0 != 0x20 }).count >= 8 else { return nil }
                }
                defer { self = ahead }
                return word.lowerBound..<ahead.place
            }
            let letters = ahead.take { ($0 | 0x20) &- 0x61 < 26 }
            guard letters.count == 3, ahead.skip(0x20) else { return nil }
            ahead.skipBlanks()
            guard (1...2).contains(ahead.take { $0 &- 0x30 < 10 }.count), ahead.skip(0x20) else { return nil }
            var timeOfDay = ahead.take { $0 != 0x20 }
            if timeOfDay.count == 4, ahead.skip(0x20) { timeOfDay = ahead.take { $0 != 0x20 } }
            guard timeOfDay.count >= 8, line[timeOfDay.lowerBound + 2] == UInt8(ascii: ":"),
                line[timeOfDay.lowerBound + 5] == UInt8(ascii: ":")
            else { return nil }
            if line[timeOfDay.upperBound - 1] == UInt8(ascii: ":") { ahead.place -= 1 }
            defer { self = ahead }
            return letters.lowerBound..<ahead.place
        }

        /// `name:`, `name[id]:` or `name[id]`, if it stands here.
        func tag() -> (name: Range<Int>, processID: Range<Int>?, end: Int)? {
            var ahead = self
            let name = ahead.take { $0 > 0x20 && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "[") }
            if name.isEmpty { return nil }
            if ahead.skip(UInt8(ascii: ":")) {
                // `::1` and `fe80::1` are hosts.
                guard ahead.isAtEnd || ahead.byte == 0x20 else { return nil }
                return (name, nil, ahead.place)
            }
            guard ahead.skip(UInt8(ascii: "[")) else { return nil }
            let id = ahead.take { $0 > 0x20 && $0 != UInt8(ascii: "]") }
            guard ahead.skip(UInt8(ascii: "]")) else { return nil }
            let isClosed = ahead.skip(UInt8(ascii: ":"))
            guard isClosed || ahead.isAtEnd || ahead.byte == 0x20 else { return nil }
            return (name, id.isEmpty ? nil : id, ahead.place)
        }
    }
}

/// Why a line is no syslog message.
struct SyslogError: Error, Equatable, CustomStringConvertible {
    enum Part: UInt8, Sendable {
        case timestamp, hostname, appName, processID, messageID, structuredData

        var name: String {
            switch self {
            case .timestamp: "time"
            case .hostname: "host name"
            case .appName: "application name"
            case .processID: "process id"
            case .messageID: "message id"
            case .structuredData: "structured data"
            }
        }
    }

    enum Reason: Equatable, Sendable {
        case priority, priorityTooHigh, timestamp, structuredData, valueNotClosed
        case missing(Part)
    }

    let reason: Reason
    /// Counted in bytes from the start of the line.
    let offset: Int

    var description: String {
        switch reason {
        case .priority: "found no priority at byte \(offset): `<`, up to three digits and `>`"
        case .priorityTooHigh: "the priority at byte \(offset) is above 191"
        case .timestamp: "found no time at byte \(offset), such as `Oct 11 22:14:15` or `2026-10-11T22:14:15Z`"
        case .structuredData: "found no structured data at byte \(offset), such as `-` or `[id name=\"value\"]`"
        case .valueNotClosed: "the value of the structured data that starts at byte \(offset) has no closing quote"
        case .missing(let part): "found no \(part.name) at byte \(offset); a message of RFC 5424 has `-` where it has none"
        }
    }
}
