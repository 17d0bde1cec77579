import JSONScanning

@testable import LogAgent

/// A line of a format, and all that is done with its fields: they stand in the text, and a line with an error has none.
final class LineFuzzing {
    private static let paths = [
        "a", "b", "msg", "a.b", "level", "timestamp", "hostname", "app_name", "proc_id", "msg_id", "message", "facility", "severity",
        "priority", "sd.a.b", "sd.x@1.y",
    ]

    private let format: LineFormat
    /// Made by the first line.
    private lazy var parser = LineParser(format, fields: JSONScanner(paths: FieldPaths(Self.paths)))
    private let scratch = DecodingScratch()

    init(_ format: LineFormat) { self.format = format }

    func run(_ line: UnsafeRawBufferPointer) {
        let parsed = parser.parse(line)
        _ = parsed.error?.description
        for value in parser.fields.allFields {
            if value.kind == .missing { continue }
            precondition(parsed.error == nil, "a line with an error has a field")
            precondition(value.start <= value.end && Int(value.end) <= parsed.text.count, "a field stands beyond the text")
            let text = scratch.text(of: value, in: parsed.text)
            precondition((text?.count ?? 0) <= value.count, "a text grows when its escapes are resolved")
            _ = FieldNumber(of: value, in: parsed.text, scratch)
        }
    }
}
