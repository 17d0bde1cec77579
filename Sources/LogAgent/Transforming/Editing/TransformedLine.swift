import JSONScanning
import Tailing

/// A line on its way through the steps: its bytes, the fields that were found in them, and what was decided about it so far.
/// One for each source; used again for each line.
final class TransformedLine {
    enum Form {
        case json
        /// Text in which a backslash can be an escape as in JSON: a line that should be JSON and is none, or logfmt.
        case escaped
        case text
    }

    /// Where the fields stand in ``bytes``.
    let fields: JSONScanner
    private(set) var form: Form = .text
    /// What fields are ranges of: the line, and behind it what a parser had to write elsewhere. Borrowed until the next line, as is
    /// everything that is taken from it.
    private(set) var bytes = UnsafeRawBufferPointer(start: nil, count: 0)
    /// How many of ``bytes`` are the line itself.
    private(set) var lineCount = 0
    /// Under which its file was found.
    private(set) var path = ""
    /// Nanoseconds since 1970.
    private(set) var time: UInt64 = 0
    /// How many lines of the file its entry stands for.
    var weight = 1.0
    /// Lines like it that were left out since the last of them that was not.
    var repeats: UInt64 = 0
    /// The outputs that take it, by their index; all bits are set where no step says so.
    var outputs: UInt64 = .max
    /// Of the whole line; bytes behind it are not shipped.
    var maximumBytes = Int.max
    /// The step that said last which outputs take it.
    var routedBy = 0
    /// A field was cut.
    var isCut = false
    /// nil: that of the output.
    var tenant: [UInt8]?
    /// Members of the structured metadata that steps have added, with commas between them: `"region":"eu"`.
    @exclusivity(unchecked) private(set) var metadata = EntryBuffer(capacity: 64)

    // Two, so that a line can be made of the one before it.
    @exclusivity(unchecked) private var firstBuffer = EntryBuffer(capacity: 64)
    @exclusivity(unchecked) private var secondBuffer = EntryBuffer(capacity: 64)
    private var isInFirst = false
    private let edits = TextEdits()

    init(fields: JSONScanner) {
        self.fields = fields
    }

    func begin(_ line: UnsafeRawBufferPointer, _ parsed: ParsedLine, form: Form, path: String, time: UInt64) {
        bytes = parsed.text
        lineCount = line.count
        self.form = form
        self.path = path
        self.time = time
        weight = 1
        repeats = 0
        outputs = .max
        maximumBytes = .max
        isCut = false
        tenant = nil
        metadata.removeAll()
    }

    /// What is shipped of it.
    var shipped: UnsafeRawBufferPointer {
        guard isShortened else { return line }
        return UnsafeRawBufferPointer(rebasing: bytes[..<LineSplitter.characterEdge(in: line, atMost: maximumBytes)])
    }

    /// Less of it is shipped than there is.
    var isShortened: Bool { lineCount > maximumBytes }

    /// Without what stands behind it.
    var line: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<lineCount]) }

    func isFor(output index: Int) -> Bool { outputs == .max || outputs & 1 << UInt64(index) != 0 }

    /// Makes the edits that `gather` asks for; false if there are none. The fields are found again, or moved with the text around them.
    func edit(_ gather: (TextEdits) -> Void) -> Bool {
        edits.removeAll()
        gather(edits)
        if edits.isEmpty { return false }
        if isInFirst { edits.apply(to: bytes, into: &secondBuffer) } else { edits.apply(to: bytes, into: &firstBuffer) }
        isInFirst.toggle()
        let copies = form == .json && bytes.count > lineCount ? fieldsBehindLine : []
        lineCount = edits.moved(0..<lineCount).upperBound
        bytes = isInFirst ? firstBuffer.bytes : secondBuffer.bytes
        switch form {
        case .json:
            do throws(JSONScanError) {
                try fields.scan(line)
                for copy in copies { fields.set(copy.slot, moved(copy.field)) }
            } catch {
                assertionFailure("an edited line is JSON: \(error)")
                form = .escaped
            }
        case .escaped, .text: moveFields()
        }
        return true
    }

    /// What the last ``edit(_:)`` replaced in the line that was `before` it, from left to right.
    func lastReplacements(in before: [UInt8]) -> [(was: String, now: String)] { edits.replacements(in: before) }

    private func moveFields() {
        for slot in 0..<fields.paths.count {
            let field = fields[slot]
            guard field.kind != .missing else { continue }
            fields.set(slot, moved(field))
        }
    }

    private func moved(_ field: FieldValue) -> FieldValue {
        let range = edits.moved(Int(field.start)..<Int(field.end))
        return FieldValue(
            start: UInt32(range.lowerBound), end: UInt32(range.upperBound), kind: field.kind == .number ? .string : field.kind,
            hasEscapes: field.hasEscapes)
    }

    /// What a parser wrote behind the line.
    private var fieldsBehindLine: [(slot: Int, field: FieldValue)] {
        (0..<fields.paths.count).compactMap { slot in
            let field = fields[slot]
            return field.kind != .missing && Int(field.start) >= lineCount ? (slot, field) : nil
        }
    }

    /// Adds `"name":"value"`; `opening` is everything before the value.
    func addMetadata(_ opening: [UInt8], _ write: (inout EntryBuffer) -> Void) {
        if metadata.count > 0 { metadata.append(UInt8(ascii: ",")) }
        opening.withUnsafeBytes { metadata.append($0) }
        write(&metadata)
        metadata.append(UInt8(ascii: "\""))
    }

    /// Tells in the metadata how many lines the entry stands for, where it is not one.
    func addWeight() {
        if repeats > 0 { addMetadata(Self.repeatsOpening) { $0.append(text: "\(repeats)") } }
        guard weight != 1 else { return }
        let whole = UInt64(exactly: weight)
        addMetadata(Self.weightOpening) { $0.append(text: whole.map { "\($0)" } ?? "\(weight)") }
    }

    private static let repeatsOpening = Array("\"repeats\":\"".utf8)
    private static let weightOpening = Array("\"sample_weight\":\"".utf8)
}

extension EntryBuffer {
    /// Text that needs no escaping.
    fileprivate mutating func append(text: String) {
        for byte in text.utf8 { append(byte) }
    }
}
