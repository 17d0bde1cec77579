/// `SeverityNumber` of the OTLP log data model, from the names that levels have in logs.
package enum Severity {
    /// The longest name that is known.
    private static let maximumBytes = 16

    /// 1 (TRACE) to 24 (FATAL4); 0 for a name that is not known. Letters may be of either case. The names of syslog have the
    /// numbers of appendix B of the data model.
    package static func number(of text: [UInt8]) -> UInt8 {
        guard text.count <= maximumBytes else { return 0 }
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "trace", "finest": return 1
        case "debug", "dbg", "fine": return 5
        case "info", "information", "informational": return 9
        case "notice": return 10
        case "warn", "warning": return 13
        case "error", "err", "severe": return 17
        case "critical", "crit": return 18
        case "alert": return 19
        case "fatal", "panic", "emergency", "emerg": return 21
        default: return 0
        }
    }
}
