import JSONScanning

/// Writes a line's structured metadata: a JSON object of strings, the third element of a Loki entry.
final class MetadataWriter {
    private enum Part {
        /// `"source":"nginx"`, complete.
        case constant([UInt8])
        /// `"trace_id":"`, to be followed by the value of the field in this slot.
        case field(opening: [UInt8], slot: Int)
        case path(opening: [UInt8])
        case streamName(opening: [UInt8])
    }

    private let parts: [Part]
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var bytes = EntryBuffer(capacity: 512)
    private var scratch: [UInt8] = []

    /// `isOrigin`: which fields say where a line comes from, instead of standing in it.
    init(_ metadata: [NamedTemplate], paths: FieldPaths, isOrigin: (String) -> Bool) {
        parts = metadata.map { named in
            var opening: [UInt8] = [UInt8(ascii: "\"")]
            JSONStringEscaping.append(named.name, to: &opening)
            opening += Array("\":\"".utf8)
            switch named.template {
            case .constant(let text):
                JSONStringEscaping.append(text, to: &opening)
                return .constant(opening + [UInt8(ascii: "\"")])
            case .field(let path) where isOrigin(path):
                return path == LineOrigin.pathField ? .path(opening: opening) : .streamName(opening: opening)
            case .field(let path): return .field(opening: opening, slot: paths.slot(of: path) ?? 0)
            }
        }
    }

    /// `{"trace_id":"4bf9…","span_id":"00f0…"}`, or nothing where no value is there. The result is overwritten by the next call.
    func write(
        _ scanner: JSONScanner, _ parsed: ParsedLine, origin: LineOrigin, isCut: Bool, isSplit: Bool = false
    ) -> UnsafeRawBufferPointer {
        bytes.removeAll()
        for part in parts {
            switch part {
            case .constant(let text): begin(text)
            case .path(let opening): write(origin.path, opening)
            case .streamName(let opening): write(origin.stream, opening)
            case .field(let opening, let slot): write(scanner[slot], opening, in: parsed.text)
            }
        }
        if let error = parsed.error {
            begin(Self.parseErrorOpening)
            appendEscaped(Array(error.description.utf8))
            bytes.append(UInt8(ascii: "\""))
        }
        if isCut { begin(Self.cutMark) }
        if isSplit { begin(Self.splitMark) }
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

    private func appendEscaped(_ text: [UInt8]) {
        text.withUnsafeBytes { appendEscaped($0) }
    }

    private func appendEscaped(_ text: UnsafeRawBufferPointer) {
        var rest = text
        while !rest.isEmpty {
            bytes.reserve(rest.count + 16)
            let progress = JSONStringEscaping.escape(rest, into: bytes.room)
            bytes.advance(by: progress.written)
            rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
            if !rest.isEmpty { bytes.reserve(rest.count * 2 + 64) }
        }
    }

    private func write(_ text: String, _ opening: [UInt8]) {
        begin(opening)
        appendEscaped(Array(text.utf8))
        bytes.append(UInt8(ascii: "\""))
    }

    private func write(_ field: FieldValue, _ opening: [UInt8], in line: UnsafeRawBufferPointer) {
        switch field.kind {
        case .missing, .null: return
        case .string where field.hasEscapes:
            scratch.removeAll(keepingCapacity: true)
            field.appendText(in: line, to: &scratch)
            begin(opening)
            appendEscaped(scratch)
        case .string, .number, .true_, .false_, .object, .array:
            begin(opening)
            appendEscaped(field.text(in: line))
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
