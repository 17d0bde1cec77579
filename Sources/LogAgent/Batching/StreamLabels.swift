import JSONScanning

/// The labels of one Loki stream as a JSON object, `{"job":"x","level":"INFO"}`: what the stream is told apart by.
struct StreamLabels: Hashable, Sendable, CustomStringConvertible {
    let json: [UInt8]

    var description: String { String(decoding: json, as: UTF8.self) }
}

/// Label names that Loki could never accept. Checked when the configuration is read, so that it never shows in an answer.
enum StreamLabelsError: Error, Equatable, Sendable, CustomStringConvertible {
    case tooMany(count: Int, limit: Int)
    case badName(String)
    case reservedName(String)
    case nameTooLong(String, limitBytes: Int)
    case duplicateName(String)

    var description: String {
        switch self {
        case .tooMany(let count, let limit):
            "\(count) labels, but Loki takes \(limit) per stream; put what has many values into `metadata` instead"
        case .badName(let name): "`\(name)` is no label name; use letters, digits and `_`, and no digit first"
        case .reservedName(let name): "the label `\(name)` is for Loki's own streams; choose another name"
        case .nameTooLong(let name, let limit): "the label name `\(name.prefix(40))…` is longer than \(limit) bytes"
        case .duplicateName(let name): "the label `\(name)` is there twice"
        }
    }
}

/// Writes the label objects of one source's lines. One per source, for use by one thread.
///
/// Values come from lines and so can be anything. Loki drops empty ones, and refuses the whole stream for one over 2048 bytes:
/// both are left out here (the line still has the value), the long ones counted. Bytes that are no UTF-8 become U+FFFD.
struct StreamLabelsEncoder {
    /// Loki's defaults (`limits_config`).
    static let maximumLabels = 15
    static let maximumNameBytes = 1024
    static let maximumValueBytes = 2048

    private static let reserved: Set<String> = [
        "__aggregated_metric__", "__pattern__", "__stream_shard__", "__backfill__", "__backfill_shard__",
    ]

    /// `"name":"` for each.
    private let prefixes: [[UInt8]]
    private var buffer: [UInt8] = []
    /// Values left out because they were too long.
    private(set) var oversizedValues: UInt64 = 0

    /// `names` in the order in which they are written: sorted, so that equal labels are equal bytes.
    init(names: [String]) throws(StreamLabelsError) {
        // `service_name` is not counted by the server.
        let counted = names.count { $0 != "service_name" }
        if counted > Self.maximumLabels { throw .tooMany(count: counted, limit: Self.maximumLabels) }
        var seen: Set<String> = []
        for name in names {
            if name.utf8.count > Self.maximumNameBytes { throw .nameTooLong(name, limitBytes: Self.maximumNameBytes) }
            guard Self.isName(name) else { throw .badName(name) }
            if Self.reserved.contains(name) { throw .reservedName(name) }
            if !seen.insert(name).inserted { throw .duplicateName(name) }
        }
        prefixes = names.map { Array("\"\($0)\":\"".utf8) }
        buffer.reserveCapacity(256)
    }

    /// Starts the object of another line.
    mutating func begin() {
        buffer.removeAll(keepingCapacity: true)
        buffer.append(UInt8(ascii: "{"))
    }

    /// Adds the value of the label with this index in `names`. Call it in rising order.
    mutating func append(_ label: Int, _ value: UnsafeRawBufferPointer) {
        if value.isEmpty { return }
        if value.count > Self.maximumValueBytes {
            oversizedValues += 1
            return
        }
        if buffer.count > 1 { buffer.append(UInt8(ascii: ",")) }
        buffer.append(contentsOf: prefixes[label])
        JSONStringEscaping.append(value, to: &buffer)
        buffer.append(UInt8(ascii: "\""))
    }

    /// The finished object, valid until ``begin()``.
    mutating func finish() -> [UInt8] {
        buffer.append(UInt8(ascii: "}"))
        return buffer
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first < UInt8(ascii: "0") || first > UInt8(ascii: "9") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
