import JSONScanning

/// Finds the fields of a source's lines, one line after the other.
///
/// Whatever the format, the fields end up in the slots of `fields`, as ranges of ``ParsedLine/text``: those who use them know no formats.
final class LineParser {
    /// Of a line without fields of its own: the whole line; of a syslog message what it says.
    static let messageField = "message"

    /// Where the fields of the last line stand. Shared with the parsers of other sources: the last parser to be used filled it.
    let fields: JSONScanner
    private let form: Form
    private let copy = LineCopy()

    private enum Form {
        case json
        case text(messageSlot: Int?)
        case logfmt(LogfmtReader)
        case syslog(SyslogReader)
        /// A slot for each capture, or nil.
        case pattern(LinePattern, slots: [Int?])
        /// A slot for each named group, or nil.
        case regex(RegexMatcher, slots: [Int?])
    }

    /// `fields`: made for every path that a line's user looks at.
    init(_ format: LineFormat, fields: JSONScanner) {
        self.fields = fields
        switch format {
        case .json: form = .json
        case .text: form = .text(messageSlot: fields.paths.slot(of: Self.messageField))
        case .logfmt: form = .logfmt(LogfmtReader())
        case .syslog: form = .syslog(SyslogReader(fields, copy))
        case .pattern(let pattern):
            form = .pattern(pattern, slots: pattern.captures.map { $0.name.flatMap(fields.paths.slot) })
        case .regex(let program): form = .regex(RegexMatcher(program), slots: program.names.map(fields.paths.slot))
        }
    }

    /// The same for a line that can't have the format: it has no fields.
    func leave(_ line: UnsafeRawBufferPointer) -> ParsedLine {
        fields.clear()
        return ParsedLine(text: line, error: nil)
    }

    /// Fills the slots of ``fields``. `line` is borrowed, and so is the result: valid until the next line is parsed.
    func parse(_ line: UnsafeRawBufferPointer) -> ParsedLine {
        if case .json = form, !line.isEmpty {
            do throws(JSONScanError) {
                try fields.scan(line)
                return ParsedLine(text: line, error: nil)
            } catch {
                return ParsedLine(text: line, error: .json(error))
            }
        }
        return parseOther(line)
    }

    /// What is no JSON, or nothing.
    private func parseOther(_ line: UnsafeRawBufferPointer) -> ParsedLine {
        fields.clear()
        if case .text(let messageSlot) = form {
            if let messageSlot { fields.set(messageSlot, toTextOf: line) }
            return ParsedLine(text: line, error: nil)
        }
        // An empty line fits every format, and has no fields.
        if line.isEmpty { return ParsedLine(text: line, error: nil) }
        copy.removeAll()
        do throws(LineParseError) {
            return ParsedLine(text: try findFields(line), error: nil)
        } catch {
            fields.clear()
            return ParsedLine(text: line, error: error)
        }
    }

    private func findFields(_ line: UnsafeRawBufferPointer) throws(LineParseError) -> UnsafeRawBufferPointer {
        switch form {
        case .json, .text: return line
        case .logfmt(let reader):
            do throws(LogfmtError) { return try reader.read(line, into: fields, copy) } catch { throw .logfmt(error) }
        case .syslog(let reader):
            do throws(SyslogError) { return try reader.read(line) } catch { throw .syslog(error) }
        case .pattern(let pattern, let slots):
            do throws(LinePatternMismatch) {
                try pattern.match(line) { index, range in
                    if let slot = slots[index] { fields.set(slot, FieldValue(range, .string)) }
                }
            } catch { throw .pattern(error) }
            return line
        case .regex(let matcher, let slots):
            guard matcher.search(line) else { throw .regex }
            for (group, slot) in slots.enumerated() {
                if let slot, let range = matcher[group] { fields.set(slot, FieldValue(range, .string)) }
            }
            return line
        }
    }
}

/// What became of one line.
struct ParsedLine {
    /// What the fields are ranges of: the line itself, or a copy that the parser keeps, for a format with fields that do not stand in
    /// the line as they are. Never what is shipped.
    var text: UnsafeRawBufferPointer
    /// Why the line does not fit its format. It has no fields then, and is shipped as it is.
    var error: LineParseError?
}

/// Why a line does not fit its format. Small and without text until someone asks for ``description``: such lines are ordinary input.
enum LineParseError: Error, Equatable, CustomStringConvertible {
    case json(JSONScanError)
    case logfmt(LogfmtError)
    case syslog(SyslogError)
    case pattern(LinePatternMismatch)
    case regex
    /// What a container runtime puts around each line is not there.
    case envelope(EnvelopeError)

    var description: String {
        switch self {
        case .json(let error): error.description
        case .logfmt(let error): error.description
        case .syslog(let error): error.description
        case .pattern(let error): error.description
        case .regex: "the regular expression matches nowhere in the line"
        case .envelope(let error): error.description
        }
    }
}
