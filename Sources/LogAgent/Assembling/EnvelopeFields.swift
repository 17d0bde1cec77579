import JSONScanning

/// Makes fields of what stands around an entry: its stream, and what the path of the file tells of the container.
///
/// They win over fields of the same name in the entry, which a program could write as it likes.
final class EnvelopeFields {
    /// `$stream`, and those of ``ContainerPath``.
    static let names = ["stream", "namespace", "pod", "pod_uid", "container", "container_id", "restart"]
    /// What the paths of Docker's additional fields begin with.
    static let attributePrefix = "attrs."

    /// Whether an entry in `envelope` may have the field `name` from without.
    static func canHave(_ name: String, _ envelope: LineEnvelope?) -> Bool {
        guard let envelope else { return false }
        return names.contains(name) || (envelope == .docker && name.hasPrefix(attributePrefix))
    }

    private struct Value {
        var slot: Int
        /// In `container`.
        var range: Range<Int>
    }

    private let fields: JSONScanner
    private let streamSlot: Int?
    private let attributeSlots: [Int]
    private let containerSlots: [(slot: Int, value: (ContainerPath) -> String?)]
    private var path: String?
    private var container: [UInt8] = []
    private var values: [Value] = []
    // `@exclusivity(unchecked)`: nothing here calls out while it writes.
    @exclusivity(unchecked) private var text = EntryBuffer(capacity: 1024)

    /// Of the paths that lines are looked at for, those of Docker's additional fields.
    static func attributePaths(_ paths: FieldPaths) -> [String] { paths.paths.filter { $0.hasPrefix(attributePrefix) } }

    /// nil where none of these fields is wanted.
    init?(_ envelope: LineEnvelope?, fields: JSONScanner) {
        guard let envelope else { return nil }
        self.fields = fields
        let slot = { (name: String) in fields.paths.slot(of: name) }
        streamSlot = slot("stream")
        attributeSlots = envelope == .docker ? Self.attributePaths(fields.paths).compactMap(slot) : []
        let wanted: [(String, (ContainerPath) -> String?)] = [
            ("namespace", { $0.namespace }), ("pod", { $0.pod }), ("pod_uid", { $0.podUID }), ("container", { $0.container }),
            ("container_id", { $0.containerID }), ("restart", { $0.restart }),
        ]
        containerSlots = wanted.compactMap { name, value in slot(name).map { ($0, value) } }
        if streamSlot == nil && attributeSlots.isEmpty && containerSlots.isEmpty { return nil }
    }

    /// The entries that follow are of the file that was found at `path`.
    func begin(path: String) {
        if path == self.path { return }
        self.path = path
        container.removeAll()
        values.removeAll()
        let known = ContainerPath(path)
        for (slot, value) in containerSlots {
            guard let value = value(known) else { continue }
            let start = container.count
            container += value.utf8
            values.append(Value(slot: slot, range: start..<container.count))
        }
    }

    /// Adds the fields of `entry` to those that were found, which are ranges of `parsed`. Gives what all of them are ranges of; valid
    /// until the next call.
    func add(_ entry: AssembledEntry, to parsed: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        text.removeAll()
        text.append(parsed)
        let start = text.count
        container.withUnsafeBytes { text.append($0) }
        for value in values { set(value.slot, start + value.range.lowerBound, count: value.range.count) }
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
