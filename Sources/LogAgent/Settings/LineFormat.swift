/// How the fields of a line are written.
enum LineFormat: Equatable, Sendable {
    /// One JSON object.
    case json
    /// No fields but ``LineParser/messageField``, the whole line.
    case text
    /// `name=value name="value"`.
    case logfmt
    /// RFC 5424 and RFC 3164.
    case syslog
    /// Fields between fixed texts.
    case pattern(LinePattern)
    /// The named groups of a regular expression.
    case regex(RegexProgram)

    /// As it stands in the configuration.
    var name: String {
        switch self {
        case .json: "json"
        case .text: "text"
        case .logfmt: "logfmt"
        case .syslog: "syslog"
        case .pattern: "pattern"
        case .regex: "regex"
        }
    }

    static let names = ["json", "logfmt", "pattern", "regex", "syslog", "text"]

    /// Whether a line can have the field; true where only the line tells.
    func canHave(_ field: String) -> Bool {
        switch self {
        case .json, .logfmt: true
        case .text: field == LineParser.messageField
        case .syslog: SyslogReader.fieldNames.contains(field) || field.hasPrefix(SyslogReader.structuredDataPrefix)
        case .pattern(let pattern): pattern.names.contains(field)
        case .regex(let program): program.names.contains(field)
        }
    }
}
