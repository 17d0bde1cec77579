import JSONScanning

/// What the path of a file tells of every line in it: of a container's log, and by a source's `path_pattern`. The pattern wins.
final class PathFields {
    /// A field, and where its value stands in ``text``.
    struct Value {
        var slot: Int
        var range: Range<Int>
    }

    /// Those of ``ContainerPath``.
    static let containerNames = ["namespace", "pod", "pod_uid", "container", "container_id", "restart"]

    private let containerSlots: [(slot: Int, value: (ContainerPath) -> String?)]
    private let pattern: LinePattern?
    /// A slot for each capture of ``pattern``, or nil.
    private let patternSlots: [Int?]
    private var path: String?

    /// Of the path that was read last.
    private(set) var text: [UInt8] = []
    private(set) var values: [Value] = []

    /// nil where none of these fields is wanted.
    init?(ofContainer: Bool, pattern: LinePattern?, fields: JSONScanner) {
        let named = pattern?.names ?? []
        let wanted: [(String, (ContainerPath) -> String?)] = [
            ("namespace", { $0.namespace }), ("pod", { $0.pod }), ("pod_uid", { $0.podUID }), ("container", { $0.container }),
            ("container_id", { $0.containerID }), ("restart", { $0.restart }),
        ]
        containerSlots =
            !ofContainer
            ? []
            : wanted.compactMap { name, value in
                named.contains(name) ? nil : fields.paths.slot(of: name).map { ($0, value) }
            }
        self.pattern = pattern
        patternSlots = (pattern?.captures ?? []).map { $0.name.flatMap(fields.paths.slot) }
        if containerSlots.isEmpty && patternSlots.allSatisfy({ $0 == nil }) { return nil }
    }

    /// The lines that follow are of the file that was found at `path`.
    func begin(path: String) {
        if path == self.path { return }
        self.path = path
        text.removeAll()
        values.removeAll()
        if !containerSlots.isEmpty { addContainer(path) }
        if let pattern { add(pattern, path) }
    }

    private func addContainer(_ path: String) {
        let known = ContainerPath(path)
        for (slot, value) in containerSlots {
            guard let value = value(known) else { continue }
            let start = text.count
            text += value.utf8
            values.append(Value(slot: slot, range: start..<text.count))
        }
    }

    /// A path that does not fit has none of the fields.
    private func add(_ pattern: LinePattern, _ path: String) {
        let ranges = pattern.captures(in: path)
        if ranges.isEmpty { return }
        let start = text.count
        text += path.utf8
        for (slot, range) in zip(patternSlots, ranges) {
            if let slot { values.append(Value(slot: slot, range: start + range.lowerBound..<start + range.upperBound)) }
        }
    }
}
