import JSONScanning
import Tailing

/// One Loki stream: a set of labels.
final class Stream {
    /// `{"job":"transcode","level":"INFO"}`.
    let labels: [UInt8]

    init(labels: [UInt8]) { self.labels = labels }
}

/// The streams of one source, found by the values that their labels have in a line.
final class StreamTable {
    private enum Part {
        /// `"job":"transcode"`, complete.
        case constant([UInt8])
        /// `"level":"`, to be followed by the value of the field in this slot.
        case field(opening: [UInt8], slot: Int)
        /// The path under which the line's file was found.
        case path(opening: [UInt8])
    }

    /// Loki refuses longer label values.
    static let maximumValueBytes = 2048
    /// Loki's own limit for a tenant is 5,000 active streams; beyond twice that the table starts anew, to stay bounded.
    static let maximumStreams = 10_000

    private let parts: [Part]
    private var streams: [[UInt8]: Stream] = [:]
    private var key: [UInt8] = []
    private var lastKey: [UInt8] = []
    private var last: Stream?
    private var scratch: [UInt8] = []
    /// Label values that were longer than Loki takes, and were cut.
    private(set) var cutValues: UInt64 = 0

    init(labels: [NamedTemplate], paths: FieldPaths) {
        parts = labels.map { label in
            var opening: [UInt8] = [UInt8(ascii: "\"")]
            JSONStringEscaping.append(label.name, to: &opening)
            opening += Array("\":\"".utf8)
            switch label.template {
            case .constant(let text):
                JSONStringEscaping.append(text, to: &opening)
                return .constant(opening + [UInt8(ascii: "\"")])
            case .field(LinePipeline.pathField):
                return .path(opening: opening)
            case .field(let path):
                // The paths were collected from the same settings.
                return .field(opening: opening, slot: paths.slot(of: path) ?? 0)
            }
        }
    }

    /// The stream of the line that `scanner` has just scanned.
    func stream(of line: UnsafeRawBufferPointer, scanner: JSONScanner, path: String) -> Stream {
        key.removeAll(keepingCapacity: true)
        for part in parts {
            switch part {
            case .constant: continue
            case .field(_, let slot): appendValue(scanner[slot], in: line)
            case .path: append(Array(path.utf8).prefix(Self.maximumValueBytes))
            }
        }
        if let last, key == lastKey { return last }
        let stream = streams[key] ?? make()
        last = stream
        swap(&key, &lastKey)
        return stream
    }

    private func appendValue(_ field: FieldValue, in line: UnsafeRawBufferPointer) {
        switch field.kind {
        case .missing, .null, .object, .array: append([])
        case .string, .number, .true_, .false_:
            scratch.removeAll(keepingCapacity: true)
            field.appendText(in: line, to: &scratch)
            if scratch.count > Self.maximumValueBytes {
                cutValues += 1
                let edge = scratch.withUnsafeBytes { LineSplitter.characterEdge(in: $0, atMost: Self.maximumValueBytes) }
                scratch.removeSubrange(edge...)
            }
            append(scratch[...])
        }
    }

    private func append(_ value: ArraySlice<UInt8>) {
        key.append(UInt8(truncatingIfNeeded: value.count))
        key.append(UInt8(truncatingIfNeeded: value.count >> 8))
        key.append(contentsOf: value)
    }

    private func make() -> Stream {
        if streams.count >= Self.maximumStreams { streams.removeAll(keepingCapacity: true) }
        var labels = [UInt8(ascii: "{")]
        var position = 0
        func nextValue() -> ArraySlice<UInt8> {
            let count = Int(key[position]) | Int(key[position + 1]) << 8
            defer { position += 2 + count }
            return key[position + 2..<position + 2 + count]
        }
        func separate() { if labels.count > 1 { labels.append(UInt8(ascii: ",")) } }
        for part in parts {
            switch part {
            case .constant(let text):
                separate()
                labels += text
            case .field(let opening, _), .path(let opening):
                let value = nextValue()
                // Loki takes an empty value for no label at all.
                if value.isEmpty { continue }
                separate()
                labels += opening
                value.withUnsafeBytes { _ = JSONStringEscaping.append($0, to: &labels) }
                labels.append(UInt8(ascii: "\""))
            }
        }
        labels.append(UInt8(ascii: "}"))
        let stream = Stream(labels: labels)
        streams[key] = stream
        return stream
    }
}

extension JSONStringEscaping {
    static func append(_ text: String, to bytes: inout [UInt8]) {
        Array(text.utf8).withUnsafeBytes { _ = append($0, to: &bytes) }
    }
}
