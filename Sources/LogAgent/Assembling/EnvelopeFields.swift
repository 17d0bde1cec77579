import JSONScanning

/// Makes fields of what stands around an entry: its stream and Docker's additional fields, and what the path of its file tells; and of
/// where it comes from (``LineOrigin``), for metrics and steps.
///
/// They win over fields of the same name in the entry, which a program could write as it likes.
final class EnvelopeFields {
    /// `$stream`, and those of ``ContainerPath``.
    private static let names = ["stream"] + PathFields.containerNames
    /// What the paths of Docker's additional fields begin with.
    static let attributePrefix = "attrs."

    /// Whether an entry in `envelope` may have the field `name` from without.
    static func canHave(_ name: String, _ envelope: LineEnvelope?) -> Bool {
        guard let envelope else { return false }
        return names.contains(name) || (envelope == .docker && name.hasPrefix(attributePrefix))
    }

    private let fields: JSONScanner
    private let streamSlot: Int?
    /// For the fields of ``LineOrigin``; nil where they are not wanted, or are not of such lines.
    private let originPathSlot: Int?
    private let originStreamSlot: Int?
    private var origin: LineOrigin?
    private let attributeSlots: [Int]
    private let pathFields: PathFields?
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var text = EntryBuffer(capacity: 1024)

    /// Of the paths that lines are looked at for, those of Docker's additional fields.
    static func attributePaths(_ paths: FieldPaths) -> [String] { paths.paths.filter { $0.hasPrefix(attributePrefix) } }

    /// nil where none of these fields is wanted.
    init?(of source: SourceSettings, fields: JSONScanner) {
        let (envelope, pathPattern) = (source.envelope, source.pathPattern)
        self.fields = fields
        func originSlot(_ name: String) -> Int? { source.isOrigin(name) ? fields.paths.slot(of: name) : nil }
        originPathSlot = originSlot(LineOrigin.pathField)
        originStreamSlot = originSlot(LineOrigin.streamField)
        let isNamedByPath = pathPattern?.names.contains("stream") ?? false
        streamSlot = envelope == nil || isNamedByPath ? nil : fields.paths.slot(of: "stream")
        attributeSlots = envelope == .docker ? Self.attributePaths(fields.paths).compactMap(fields.paths.slot) : []
        pathFields = PathFields(ofContainer: envelope != nil, pattern: pathPattern, fields: fields)
        let hasOrigin = originPathSlot != nil || originStreamSlot != nil
        if streamSlot == nil && attributeSlots.isEmpty && pathFields == nil && !hasOrigin { return nil }
    }

    /// The entries that follow are of the file that was found at `path`, and come from `origin`.
    func begin(path: String, origin: LineOrigin) {
        pathFields?.begin(path: path)
        if originPathSlot != nil || originStreamSlot != nil { self.origin = origin }
    }

    /// Adds the fields of the file to those that were found in a line, which are ranges of `parsed`. Gives what all of them are ranges
    /// of; valid until the next call.
    func add(to parsed: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        text.removeAll()
        text.append(parsed)
        if let pathFields {
            let start = text.count
            pathFields.text.withUnsafeBytes { text.append($0) }
            for value in pathFields.values { set(value.slot, start + value.range.lowerBound, count: value.range.count) }
        }
        if let origin {
            if let originPathSlot { set(originPathSlot, to: origin.path) }
            if let originStreamSlot { set(originStreamSlot, to: origin.stream) }
        }
        return text.bytes
    }

    private func set(_ slot: Int, to value: String) {
        var value = value
        value.withUTF8 { bytes in
            set(slot, text.count, count: bytes.count)
            text.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// The same, with the fields of `entry` itself.
    func add(_ entry: AssembledEntry, to parsed: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        _ = add(to: parsed)
        if let streamSlot, let name = entry.stream.name {
            set(streamSlot, text.count, count: name.utf8CodeUnitCount)
            text.append(name)
        }
        if !entry.attributes.isEmpty { add(entry.attributes) }
        return text.bytes
    }

    private func add(_ attributes: UnsafeRawBufferPointer) {
        var position = 0
        for slot in attributeSlots {
            let count = Int(attributes[position]) | Int(attributes[position + 1]) << 8
            position += 2
            if count == Int(UInt16.max) { continue }
            set(slot, text.count, count: count)
            text.append(UnsafeRawBufferPointer(rebasing: attributes[position..<position + count]))
            position += count
        }
    }

    private func set(_ slot: Int, _ start: Int, count: Int) {
        fields.set(slot, FieldValue(start: UInt32(start), end: UInt32(start + count), kind: .string, hasEscapes: false))
    }
}
