import Glibc
import JSONScanning
import Tailing

/// One Loki stream: a set of labels, of one tenant.
final class Stream {
    /// `{"job":"transcode","level":"INFO"}`.
    let labels: [UInt8]
    /// nil: that of the output.
    let tenant: String?
    /// The values of its labels in a line, each with its length in two bytes before it; then the tenant. Raw memory: comparing it counts
    /// no references.
    private let key: UnsafeMutableRawBufferPointer
    /// By the output's index; at most one of each output. Not retained: the output's port holds what is open.
    @exclusivity(unchecked) private var openBatches: [Unmanaged<OpenBatch>?] = []

    init(labels: [UInt8], tenant: String? = nil, key: [UInt8] = []) {
        self.labels = labels
        self.tenant = tenant
        self.key = .allocate(byteCount: key.count, alignment: 8)
        self.key.copyBytes(from: key)
    }

    deinit { key.deallocate() }

    fileprivate func hasKey(_ wanted: UnsafeRawBufferPointer) -> Bool {
        guard key.count == wanted.count else { return false }
        guard let start = key.baseAddress, let other = wanted.baseAddress else { return true }
        return memcmp(start, other, wanted.count) == 0
    }

    func openBatch(ofOutput index: Int) -> Unmanaged<OpenBatch>? { index < openBatches.count ? openBatches[index] : nil }

    /// Whoever sets a batch keeps it until it sets another, or none.
    func setOpenBatch(_ batch: OpenBatch?, ofOutput index: Int) {
        while openBatches.count <= index { openBatches.append(nil) }
        openBatches[index] = batch.map { .passUnretained($0) }
    }
}

/// The streams of one source, found by the values that their labels have in a line.
final class StreamTable {
    private enum Part {
        /// `"job":"transcode"`, complete.
        case constant([UInt8])
        /// `"level":"`, to be followed by the value of the field in this slot.
        case field(opening: [UInt8], slot: Int)
        /// Where the line comes from.
        case path(opening: [UInt8])
        case streamName(opening: [UInt8])
    }

    /// Loki refuses longer label values.
    static let maximumValueBytes = 2048
    /// Loki's own limit for a tenant is 5,000 active streams; beyond twice that the table starts anew, to stay bounded.
    static let maximumStreams = 10_000

    /// What of a line decides on its stream. A plain value, so that going through them counts no references.
    private enum KeyPart: BitwiseCopyable {
        case field(slot: Int)
        case path
        case streamName
    }

    private let parts: [Part]
    private let keyParts: [KeyPart]
    private var streams: [[UInt8]: Stream] = [:]
    /// Of `streams`, those that lines were in last, most recent first: few labels have many values at once.
    @exclusivity(unchecked) private var recent: [Unmanaged<Stream>] = []
    private static let recentCount = 4
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var key = EntryBuffer(capacity: 256)
    private var scratch: [UInt8] = []
    /// Label values that were longer than Loki takes, and were cut.
    private(set) var cutValues: UInt64 = 0

    /// `isOrigin`: which fields say where a line comes from, instead of standing in it.
    init(labels: [NamedTemplate], paths: FieldPaths, isOrigin: (String) -> Bool) {
        parts = labels.map { label in
            var opening: [UInt8] = [UInt8(ascii: "\"")]
            JSONStringEscaping.append(label.name, to: &opening)
            opening += Array("\":\"".utf8)
            switch label.template {
            case .constant(let text):
                JSONStringEscaping.append(text, to: &opening)
                return .constant(opening + [UInt8(ascii: "\"")])
            case .field(let path) where isOrigin(path):
                return path == LineOrigin.pathField ? .path(opening: opening) : .streamName(opening: opening)
            case .field(let path):
                // The paths were collected from the same settings.
                return .field(opening: opening, slot: paths.slot(of: path) ?? 0)
            }
        }
        keyParts = parts.compactMap { part in
            switch part {
            case .constant: nil
            case .field(_, let slot): .field(slot: slot)
            case .path: .path
            case .streamName: .streamName
            }
        }
    }

    /// The stream of the line whose fields are in `scanner`, as ranges of `line`. Valid until the next call.
    func stream(of line: UnsafeRawBufferPointer, scanner: JSONScanner, origin: LineOrigin, tenant: [UInt8]? = nil) -> Unmanaged<Stream> {
        key.removeAll()
        let fields = scanner.allFields
        var part = 0
        while part < keyParts.count {
            switch keyParts[part] {
            case .field(let slot): appendValue(fields[slot], in: line)
            case .path: append(origin.path)
            case .streamName: append(origin.stream)
            }
            part += 1
        }
        if let tenant { tenant.withUnsafeBytes { key.append($0) } }
        let wanted = key.bytes
        var position = 0
        while position < recent.count {
            let stream = recent[position]
            if stream._withUnsafeGuaranteedRef({ $0.hasKey(wanted) }) { return stream }
            position += 1
        }
        let bytes = Array(wanted)
        let stream = Unmanaged.passUnretained(streams[bytes] ?? make(bytes, tenant: tenant.map { String(decoding: $0, as: UTF8.self) }))
        recent.insert(stream, at: 0)
        if recent.count > Self.recentCount { recent.removeLast() }
        return stream
    }

    @inline(__always)
    private func appendValue(_ field: FieldValue, in line: UnsafeRawBufferPointer) {
        switch field.kind {
        case .missing, .null, .object, .array: append(UnsafeRawBufferPointer(start: nil, count: 0))
        case .string, .number, .true_, .false_:
            if !field.hasEscapes && field.count <= Self.maximumValueBytes { return append(field.text(in: line)) }
            scratch.removeAll(keepingCapacity: true)
            field.appendText(in: line, to: &scratch)
            if scratch.count > Self.maximumValueBytes {
                cutValues += 1
                let edge = scratch.withUnsafeBytes { LineSplitter.characterEdge(in: $0, atMost: Self.maximumValueBytes) }
                scratch.removeSubrange(edge...)
            }
            scratch.withUnsafeBytes { append($0) }
        }
    }

    private func append(_ value: String) {
        Array(value.utf8).withUnsafeBytes { append(UnsafeRawBufferPointer(rebasing: $0.prefix(Self.maximumValueBytes))) }
    }

    @inline(__always)
    private func append(_ value: UnsafeRawBufferPointer) {
        key.append(UInt16(truncatingIfNeeded: value.count))
        key.append(value)
    }

    private func make(_ key: [UInt8], tenant: String?) -> Stream {
        if streams.count >= Self.maximumStreams {
            recent.removeAll(keepingCapacity: true)
            streams.removeAll(keepingCapacity: true)
        }
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
            case .field(let opening, _), .path(let opening), .streamName(let opening):
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
        let stream = Stream(labels: labels, tenant: tenant, key: key)
        streams[key] = stream
        return stream
    }
}

extension JSONStringEscaping {
    static func append(_ text: String, to bytes: inout [UInt8]) {
        Array(text.utf8).withUnsafeBytes { _ = append($0, to: &bytes) }
    }
}
