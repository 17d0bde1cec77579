import Glibc
import JSONScanning
import Tailing

/// Reads lines of a container's log as Docker's `json-file` driver writes them:
/// `{"log":"text\n","stream":"stdout","attrs":{…},"time":"2024-05-01T12:00:00.123456789Z"}`.
///
/// `log` ends with a newline, except where the driver has cut a long line into parts: then all but the last lack it.
/// Source: Docker documentation, "JSON File logging driver".
final class DockerLineReader {
    private let scanner: JSONScanner
    private let logSlot: Int
    private let streamSlot: Int
    private let timeSlot: Int
    private let attributeSlots: [Int]
    /// `log` without its escapes.
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var decoded = EntryBuffer(capacity: 1024)
    @exclusivity(unchecked) private var attributeValues = EntryBuffer(capacity: 64)
    private var scratch: [UInt8] = []

    /// `attributePaths`: fields of the envelope that are wanted beside, such as `attrs.tag`.
    init(attributePaths: [String] = []) {
        let paths = FieldPaths(["log", "stream", "time"] + attributePaths)
        scanner = JSONScanner(paths: paths)
        logSlot = paths.slot(of: "log") ?? 0
        streamSlot = paths.slot(of: "stream") ?? 0
        timeSlot = paths.slot(of: "time") ?? 0
        attributeSlots = attributePaths.compactMap { paths.slot(of: $0) }
    }

    func unwrap(_ line: UnsafeRawBufferPointer) throws(DockerLineError) -> EnvelopedLine {
        do throws(JSONScanError) {
            try scanner.scan(line)
        } catch {
            throw .json(error)
        }
        let log = scanner[logSlot]
        guard log.kind == .string else { throw .withoutLog }
        let text = log.text(in: line)
        let time = scanner[timeSlot]
        let stream = scanner[streamSlot]
        var content = log.hasEscapes ? decode(text) : text
        let isPartial = content.last != UInt8(ascii: "\n")
        if !isPartial {
            content = UnsafeRawBufferPointer(rebasing: content.dropLast())
            // A terminal ends lines with both.
            if content.last == UInt8(ascii: "\r") { content = UnsafeRawBufferPointer(rebasing: content.dropLast()) }
        }
        if !attributeSlots.isEmpty { readAttributes(of: line) }
        return EnvelopedLine(
            content: content, stream: stream.kind == .string ? LogStream(stream.text(in: line)) ?? .unnamed : .unnamed,
            isPartial: isPartial, time: time.kind == .string ? TimestampRFC3339.civilTime(time.text(in: line))?.nanosecondsSince1970 : nil)
    }

    /// Of the last line: the values of the paths that were asked for, one after the other, each with its length in two bytes before it;
    /// 0xFFFF for one that is not there. Empty if none was asked for.
    var attributes: UnsafeRawBufferPointer { attributeValues.bytes }

    private func readAttributes(of line: UnsafeRawBufferPointer) {
        attributeValues.removeAll()
        for slot in attributeSlots {
            let field = scanner[slot]
            if field.kind == .missing || field.kind == .null {
                append(count: Int(UInt16.max))
                continue
            }
            scratch.removeAll(keepingCapacity: true)
            field.appendText(in: line, to: &scratch)
            scratch.withUnsafeBytes { text in
                let count = LineSplitter.characterEdge(in: text, atMost: Int(UInt16.max) - 1)
                append(count: count)
                attributeValues.append(UnsafeRawBufferPointer(rebasing: text[..<count]))
            }
        }
    }

    private func append(count: Int) {
        attributeValues.append(UInt8(truncatingIfNeeded: count))
        attributeValues.append(UInt8(truncatingIfNeeded: count >> 8))
    }

    private func decode(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        decoded.removeAll()
        decoded.reserve(text.count)
        decoded.advance(by: JSONStringDecoding.decode(text, into: decoded.room))
        return decoded.bytes
    }
}

/// Why a line is none of Docker's `json-file` driver.
enum DockerLineError: Error, Equatable, CustomStringConvertible {
    case json(JSONScanError)
    case withoutLog

    var description: String {
        switch self {
        case .json(let error): error.description
        case .withoutLog: "the line has no text `log`, as Docker's json-file driver writes it"
        }
    }
}
