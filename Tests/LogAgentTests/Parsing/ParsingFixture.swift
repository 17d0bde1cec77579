import JSONScanning

@testable import LogAgent

/// A parser with the fields that a test asks for: a line goes in, their texts come out.
final class Parsing {
    let paths: [String]
    private let parser: LineParser
    private let scratch = DecodingScratch()

    init(_ format: LineFormat, _ paths: [String]) {
        self.paths = paths
        parser = LineParser(format, fields: JSONScanner(paths: FieldPaths(paths)))
    }

    /// The texts of the fields by their paths, without those that are missing.
    func fields(of line: String) -> [String: String] { fields(of: Array(line.utf8)).fields }

    func error(in line: String) -> String? { fields(of: Array(line.utf8)).error?.description }

    func fields(of line: [UInt8]) -> (fields: [String: String], error: LineParseError?) {
        line.withUnsafeBytes { line in
            let parsed = parser.parse(line)
            var texts: [String: String] = [:]
            for path in paths {
                guard let slot = parser.fields.paths.slot(of: path) else { continue }
                let value = parser.fields[slot]
                if let text = scratch.text(of: value, in: parsed.text) { texts[path] = String(decoding: text, as: UTF8.self) }
            }
            return (texts, parsed.error)
        }
    }
}
