import CommandLineInterface
import FoundationEssentials

/// How reports are written as JSON, by the admin endpoints and by commands: keys in snake case, sorted.
enum ReportEncoding {
    /// `indented`: for people; otherwise in one line. Without a newline at the end.
    static func json(_ report: some Encodable, indented: Bool = true) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            indented ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(report))
    }
}

extension Terminal {
    /// Prints a report as JSON with a newline.
    func print(_ report: some Encodable, indented: Bool = true) {
        // What the encoder can't take is not in our reports: no infinities, no keys that are not texts.
        guard let bytes = try? ReportEncoding.json(report, indented: indented) else { return }
        output(String(decoding: bytes, as: UTF8.self) + "\n")
    }
}
