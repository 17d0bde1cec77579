/// What steps did with lines, since the start of the process. One for all sources, under the lock of ``AgentState``.
final class TransformCounts {
    let steps: [TransformSettings]
    let outputs: [String]
    /// By step and output: lines that became no entry there.
    private(set) var filtered: [[UInt64]]
    /// By step: lines whose entries are not what stands in the file.
    private(set) var changed: [UInt64]
    /// By the name of a pattern; whole fields are under ``fieldsName``.
    private(set) var redactions: [(pattern: String, count: UInt64)] = []
    /// Lines that named no tenant, or none that Loki takes, where one was wanted.
    private(set) var missingTenants: UInt64 = 0
    /// By step and pattern: the place in ``redactions``.
    private var redactionPlaces: [[Int]] = []

    static let fieldsName = "fields"

    init(steps: [TransformSettings], outputs: [String]) {
        self.steps = steps
        self.outputs = outputs
        filtered = Array(repeating: Array(repeating: 0, count: outputs.count), count: steps.count)
        changed = Array(repeating: 0, count: steps.count)
        for step in steps {
            guard case .redact(let settings) = step.action else {
                redactionPlaces.append([])
                continue
            }
            redactionPlaces.append((settings.patterns.map(\.name) + [Self.fieldsName]).map { place(ofPattern: $0) })
        }
    }

    private func place(ofPattern name: String) -> Int {
        if let place = redactions.firstIndex(where: { $0.pattern == name }) { return place }
        redactions.append((name, 0))
        return redactions.count - 1
    }

    /// After a reload: what has the same name goes on where it was.
    func goOn(from earlier: TransformCounts) {
        for (step, settings) in steps.enumerated() {
            guard let before = earlier.steps.firstIndex(where: { $0.name == settings.name }) else { continue }
            changed[step] = earlier.changed[before]
            for (output, name) in outputs.enumerated() {
                if let place = earlier.outputs.firstIndex(of: name) { filtered[step][output] = earlier.filtered[before][place] }
            }
        }
        for (place, redaction) in redactions.enumerated() {
            if let before = earlier.redactions.first(where: { $0.pattern == redaction.pattern }) { redactions[place].count = before.count }
        }
        missingTenants = earlier.missingTenants
    }

    func countFiltered(by step: Int, atOutput output: Int) { filtered[step][output] += 1 }
    func countChanged(by step: Int) { changed[step] += 1 }
    func countMissingTenant() { missingTenants += 1 }

    /// `found`: by the step's patterns, then of its fields.
    func countRedactions(by step: Int, _ found: [UInt64]) {
        for (index, place) in redactionPlaces[step].enumerated() { redactions[place].count += found[index] }
    }
}
