import JSONScanning

/// Finds the parts of a line of a dead-letter file, as they stand there.
final class RefusedLineReader {
    private static let names = ["refused_at", "reason", "detail", "stream", "timestamp", "metadata", "line", "tenant"]
    private let scanner = JSONScanner(paths: FieldPaths(RefusedLineReader.names))

    /// nil for what ``DeadLetterFile`` did not write so.
    func read(_ line: UnsafeRawBufferPointer) -> RefusedLine? {
        do throws(JSONScanError) { try scanner.scan(line) } catch { return nil }
        func bytes(_ name: String, _ kind: FieldValue.Kind) -> [UInt8]? {
            guard let slot = scanner.paths.slot(of: name), scanner[slot].kind == kind else { return nil }
            if kind == .string {
                var text: [UInt8] = []
                scanner[slot].appendText(in: line, to: &text)
                return text
            }
            return Array(scanner[slot].text(in: line))
        }
        func text(_ name: String) -> String? { bytes(name, .string).map { String(decoding: $0, as: UTF8.self) } }
        guard let stream = bytes("stream", .object), let timestamp = text("timestamp").flatMap({ UInt64($0) }),
            let entry = bytes("line", .string)
        else { return nil }
        return RefusedLine(
            refusedAt: text("refused_at").flatMap { UInt64($0) } ?? 0, reason: text("reason") ?? "", detail: text("detail") ?? "",
            stream: stream, timestamp: timestamp, metadata: bytes("metadata", .object) ?? [], line: entry,
            tenant: text("tenant"))
    }
}

/// One line that an output refused.
struct RefusedLine: Equatable {
    /// Nanoseconds since 1970.
    var refusedAt: UInt64
    /// `too_old`, …
    var reason: String
    /// What the output said.
    var detail: String
    /// Its labels, as JSON.
    var stream: [UInt8]
    /// Nanoseconds since 1970.
    var timestamp: UInt64
    /// Structured metadata, as JSON; empty: none.
    var metadata: [UInt8]
    var line: [UInt8]
    /// Where a transform named one; nil: the output's own.
    var tenant: String?

    /// What it is sent together with, in order: the lines of its stream, of its tenant.
    var streamKey: [UInt8] { SealedBatch.streamKey(labels: stream, tenant: tenant) }
}
