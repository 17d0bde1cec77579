import JSONScanning

@testable import LogAgent

let transformingTime: UInt64 = 1_700_000_000_000_000_000

/// The steps of one source, with a parser before them: lines go in, and what became of them comes out.
final class Transforming {
    struct Outcome: Equatable {
        /// nil: dropped.
        var line: String?
        /// The step that dropped it.
        var droppedBy: String?
        /// What steps added, `"sample_weight":"2"`.
        var metadata = ""
        var isCut = false
    }

    let counts: TransformCounts
    let transforms: LineTransforms
    let fields: JSONScanner
    private let parser: LineParser
    private let isJSON: Bool
    private var memory: TransformMemory
    /// Of the last line, for its fields.
    private var lineBytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1, alignment: 1)

    /// `steps` as in a configuration; `watched`: fields that something else than a step looks at.
    init(_ steps: String, format: String = "json", watched: [String] = [], directory: String = "/nowhere") throws {
        let settings = try LogAgentTests.load(
            """
            sources: [{ name: "s", include: "/s", format: "\(format)" }], transforms: [\(steps)],
            outputs: [{ name: "a", type: "directory", path: "/a" }, { name: "b", type: "directory", path: "/b" }],
            """, directory: directory
        ).settings
        fields = JSONScanner(paths: FieldPaths(watched + ["message"] + LineTransforms.requiredPaths(settings.transforms)))
        counts = TransformCounts(steps: settings.transforms, outputs: settings.outputs.map(\.name))
        guard let transforms = try LineTransforms(settings.sources[0], fields: fields, counts: counts) else {
            preconditionFailure("no step concerns the source")
        }
        self.transforms = transforms
        parser = LineParser(settings.sources[0].format, fields: fields)
        isJSON = format == "json"
        memory = TransformMemory(tableCount: transforms.tableCount)
    }

    deinit { lineBytes.deallocate() }

    func take(_ line: String, at time: UInt64 = transformingTime) -> Outcome { take(Array(line.utf8), at: time) }

    func take(_ line: [UInt8], at time: UInt64 = transformingTime) -> Outcome {
        lineBytes.deallocate()
        lineBytes = .allocate(byteCount: line.count + 1, alignment: 1)
        lineBytes.copyBytes(from: line)
        let bytes = UnsafeRawBufferPointer(rebasing: lineBytes[..<line.count])
        let parsed = parser.parse(bytes)
        let form: TransformedLine.Form = isJSON && !bytes.isEmpty ? (parsed.error == nil ? .json : .escaped) : .text
        transforms.line.begin(bytes, parsed, form: form, path: "/logs/a.log", time: time)
        for phase in [LineTransforms.Phase.beforeMetrics, .afterMetrics] {
            if let step = transforms.run(phase, isCounted: true, memory: &memory) {
                return Outcome(line: nil, droppedBy: counts.steps[step].name)
            }
        }
        transforms.line.addWeight()
        return Outcome(
            line: String(decoding: transforms.line.shipped, as: UTF8.self),
            metadata: String(decoding: transforms.line.metadata.bytes, as: UTF8.self),
            isCut: transforms.line.isCut || transforms.line.isShortened)
    }

    /// What is shipped of each line.
    func lines(_ lines: String...) -> [String?] { lines.map { take($0).line } }

    /// A field of the last line, as a label or metadata would have it.
    func field(_ path: String) -> String? {
        guard let slot = fields.paths.slot(of: path), fields[slot].kind != .missing else { return nil }
        var bytes: [UInt8] = []
        fields[slot].appendText(in: transforms.line.bytes, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
