import JSONScanning

/// Finds the fields of a source's lines, one line after the other.
///
/// Whatever the format, the fields end up in the slots of `fields`, as ranges of ``ParsedLine/text``: those who use them know no formats.
final class LineParser {
    /// Of a line without fields of its own: the whole line.
    static let messageField = "message"

    /// Where the fields of the last line stand. Shared with the parsers of other sources: the last parser to be used filled it.
    let fields: JSONScanner
    private let form: Form

    private enum Form {
        case json
        case text(messageSlot: Int?)
    }

    /// `fields`: made for every path that a line's user looks at.
    init(_ format: LineFormat, fields: JSONScanner) {
        self.fields = fields
        switch format {
        case .json: form = .json
        case .text: form = .text(messageSlot: fields.paths.slot(of: Self.messageField))
        }
    }

    /// The same for a line that can't have the format: it has no fields.
    func leave(_ line: UnsafeRawBufferPointer) -> ParsedLine {
        fields.clear()
        return ParsedLine(text: line, error: nil)
    }

    /// Fills the slots of ``fields``. `line` is borrowed, and so is the result: valid until the next line is parsed.
    func parse(_ line: UnsafeRawBufferPointer) -> ParsedLine {
        switch form {
        case .json:
            if line.isEmpty { break }
            do throws(JSONScanError) {
                try fields.scan(line)
                return ParsedLine(text: line, error: nil)
            } catch {
                return ParsedLine(text: line, error: .json(error))
            }
        case .text(let messageSlot):
            fields.clear()
            if let messageSlot { fields.set(messageSlot, toTextOf: line) }
            return ParsedLine(text: line, error: nil)
        }
        // An empty line fits every format, and has no fields.
        fields.clear()
        return ParsedLine(text: line, error: nil)
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
    /// What a container runtime puts around each line is not there.
    case envelope(EnvelopeError)

    var description: String {
        switch self {
        case .json(let error): error.description
        case .envelope(let error): error.description
        }
    }
}
