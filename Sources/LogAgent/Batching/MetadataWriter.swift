import JSONScanning

/// Writes a line's structured metadata: a JSON object of strings, the third element of a Loki entry.
final class MetadataWriter {
    /// One entry of the object. A plain value, so that going through them counts no references.
    private struct Part: BitwiseCopyable {
        enum Value: BitwiseCopyable {
            /// The opening is complete: `,"source":"nginx"`.
            case none
            /// The field in this slot follows.
            case field(slot: Int)
            case path
            case streamName
        }

        /// `,"trace_id":"`, a piece of `openings`.
        var start: Int
        var count: Int
        var value: Value
    }

    private let parts: [Part]
    private let openings: [UInt8]
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var bytes = EntryBuffer(capacity: 512)
    private var scratch: [UInt8] = []

    /// `isOrigin`: which fields say where a line comes from, instead of standing in it.
    init(_ metadata: [NamedTemplate], paths: FieldPaths, isOrigin: (String) -> Bool) {
        var openings: [UInt8] = []
        parts = metadata.map { named in
            let start = openings.count
            openings += Array(",\"".utf8)
            JSONStringEscaping.append(named.name, to: &openings)
            openings += Array("\":\"".utf8)
            let value: Part.Value
            switch named.template {
            case .constant(let text):
                JSONStringEscaping.append(text, to: &openings)
                openings.append(UInt8(ascii: "\""))
                value = .none
            case .field(let path) where isOrigin(path): value = path == LineOrigin.pathField ? .path : .streamName
            case .field(let path): value = .field(slot: paths.slot(of: path) ?? 0)
            }
            return Part(start: start, count: openings.count - start, value: value)
        }
        // So that sixteen bytes can be read where an opening begins.
        self.openings = openings + Array(repeating: 0, count: EntryBuffer.pieceBytes)
    }

    /// `{"trace_id":"4bf9…","span_id":"00f0…"}`, or nothing where no value is there. The result is overwritten by the next call.
    ///
    /// `more`: further members, with commas between them.
    func write(
        _ scanner: JSONScanner, _ parsed: ParsedLine, origin: LineOrigin, isCut: Bool, isSplit: Bool = false,
        more: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) -> UnsafeRawBufferPointer {
        bytes.removeAll()
        let fields = scanner.allFields
        var position = 0
        while position < parts.count {
            let part = parts[position]
            switch part.value {
            case .none: begin(part)
            case .path: write(origin.path, part)
            case .streamName: write(origin.stream, part)
            case .field(let slot): write(fields[slot], part, in: parsed.text)
            }
            position += 1
        }
        if let error = parsed.error {
            begin(Self.parseErrorOpening)
            appendEscaped(Array(error.description.utf8))
            bytes.append(UInt8(ascii: "\""))
        }
        if isCut { begin(Self.cutMark) }
        if isSplit { begin(Self.splitMark) }
        if !more.isEmpty {
            begin([])
            bytes.append(more)
        }
        if bytes.count > 0 { bytes.append(UInt8(ascii: "}")) }
        return bytes.bytes
    }

    private static let parseErrorOpening = Array("\"parse_error\":\"".utf8)
    private static let cutMark = Array("\"truncated\":\"true\"".utf8)
    private static let splitMark = Array("\"split\":\"true\"".utf8)

    private func begin(_ text: [UInt8]) {
        bytes.append(bytes.count == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        text.withUnsafeBytes { bytes.append($0) }
    }

    @inline(__always)
    private func begin(_ part: Part) {
        let isFirst = bytes.count == 0
        openings.withUnsafeBytes { openings in
            guard let opening = openings.baseAddress.map({ $0 + part.start }) else { return }
            bytes.appendPieces(opening, count: part.count)
        }
        if isFirst { bytes.replaceFirst(by: UInt8(ascii: "{")) }
    }

    private func appendEscaped(_ text: [UInt8]) {
        text.withUnsafeBytes { appendEscaped($0) }
    }

    private func appendEscaped(_ text: UnsafeRawBufferPointer) {
        // Identifiers, nearly all, stay as they are.
        if !bytes.appendPlain(text) { bytes.appendEscaped(text) }
    }

    private func write(_ text: String, _ part: Part) {
        begin(part)
        appendEscaped(Array(text.utf8))
        bytes.append(UInt8(ascii: "\""))
    }

    private func write(_ field: FieldValue, _ part: Part, in line: UnsafeRawBufferPointer) {
        switch field.kind {
        case .missing, .null: return
        case .string where field.hasEscapes:
            scratch.removeAll(keepingCapacity: true)
            field.appendText(in: line, to: &scratch)
            begin(part)
            appendEscaped(scratch)
        case .string, .number, .true_, .false_, .object, .array:
            begin(part)
            appendEscaped(field.text(in: line))
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
