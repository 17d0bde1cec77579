import Glibc
import JSONScanning
import Metrics
import SystemIO
import Tailing

/// Takes the lines of a sample through the pipeline that `run` would take them through, and notes what it does.
///
/// Outputs get ports whose batches are looked at and thrown away: nothing is sent or written.
final class LineExplainer {
    /// An entry with what stands in it.
    private struct ShippedEntry {
        var entry: LineExplanation.Entry
        var line: String
        var time: UInt64
    }

    private let pipeline: LinePipeline
    private let stages: Stages
    private let ports: [OutputPort]
    /// Of each output: the tenant of what no step gives to another.
    private let tenants: [String?]
    private let file: FileState
    private let witness = MetricWitness()
    private let transformWitness = TransformWitness()
    private var number = 0
    private var cursor = FileCursor.start

    var source: SourceSettings { pipeline.source }

    /// `path`: where the sample's lines would stand.
    init(_ settings: LogAgentSettings, source: Int, path: String) throws(LogAgentError) {
        var settings = settings
        tenants = settings.outputs.map { if case .loki(let loki) = $0.destination { loki.tenantID } else { nil } }
        // Of a directory nothing is opened before the first batch, and there will be none.
        for index in settings.outputs.indices {
            settings.outputs[index].destination = .directory(
                DirectorySettings(path: "/dev/null", retentionNanoseconds: nil, maximumBytes: 0, compressionLevel: 1))
        }
        let service = LogAgentService(settings: settings, log: .silent)
        stages = try service.makeStages(journals: try Self.noJournals(service))
        pipeline = stages.pipelines[source]
        pipeline.use(witness)
        pipeline.use(transformWitness)
        let control = try service.attempt { () throws(SystemError) in try ReaderControl() }
        let registry = MetricRegistry(startedAt: SystemClock.wallNanoseconds())
        var ports: [OutputPort] = []
        for (index, output) in settings.outputs.enumerated() {
            let sender = try service.makeSender(output, control: control, registry: registry)
            ports.append(OutputPort(index: index, settings: output, sender: sender, budgetBytes: .max))
        }
        self.ports = ports
        let content = TailedFile(
            id: 1, sourceIndex: source, path: path, identity: FileIdentity(device: 0, inode: 0, birthNanoseconds: 0), counted: .start,
            lastSeenNanoseconds: 0)
        // Without outputs of its own no times are recorded for it.
        // Lines of a source that is no file would stand in a segment of its first stream.
        let segments = settings.sources[source].captureDirectories(in: settings.dataDirectory).first
        let origin = LineOrigin(ofFile: segments.map { "\($0)/1.log" } ?? path, source: settings.sources[source])
        file = FileState(of: content, origin: origin, outputCount: 0)
    }

    deinit { for port in ports { port.sender.stop() } }

    /// An empty directory for what is never recorded; gone when this returns.
    private static func noJournals(_ service: LogAgentService) throws(LogAgentError) -> FileJournals {
        try service.attempt { () throws(SystemError) in
            var template = Array("/tmp/log-agent-explain-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) != nil } ?? false }
            let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !made { throw SystemError(call: "mkdtemp", subject: path) }
            defer { rmdir(path) }
            return try FileJournals(directory: path, firstFreeID: 1)
        }
    }

    /// How many bytes before what is explained next are still needed: lines that may go on.
    var reach: Int { cursor.openEntries.reach }

    /// Explains the lines of `bytes` from `start` on, one after the other; what stands before was given before. Gives how far it came:
    /// what is left is the beginning of a line, to be given again with what follows. `isFinal`: nothing follows.
    func explain(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, isFinal: Bool, _ tell: (LineExplanation) -> Void) -> Int {
        var position = start
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let end = rest.firstIndex(of: 0x0a).map { $0 + 1 }
            // Only a line that can be told as too long is taken without its end.
            let isTooLong = rest.count > source.maximumLineBytes + 4
            guard end != nil || isFinal || isTooLong else { break }
            let line = UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)])
            let consumed = take(line, isFinal: isFinal && end ?? rest.count == rest.count, tell)
            if consumed == 0 { break }
            position += consumed
        }
        if isFinal && !cursor.openEntries.isEmpty {
            _ = take(UnsafeRawBufferPointer(rebasing: bytes[bytes.count...]), isFinal: true, tell)
        }
        return position
    }

    private func take(_ line: UnsafeRawBufferPointer, isFinal: Bool, _ tell: (LineExplanation) -> Void) -> Int {
        witness.forget()
        transformWitness.forget()
        let before = pipeline.counts
        let pass = LinePipeline.Pass(
            counts: true, outputs: ports, segments: ports.map { _ in SegmentReference(file: 1, segment: 0) },
            now: SystemClock.wallNanoseconds())
        let result = pipeline.take(line, at: cursor, isFinal: isFinal, of: file, pass: pass)
        cursor.offset += UInt64(result.progress.consumed)
        cursor.isInsideCutLine = result.progress.isInsideCutLine
        cursor.openEntries = result.openEntries
        number += result.progress.lineCount
        let entries = self.entries(ports.map { $0.takeOpenBatches() })
        let sights = self.sights(result)
        for sight in sights {
            // Several end at once only where several writers share a file; their times tell them apart.
            let own = sights.count == 1 ? entries : entries.filter { $0.time == sight.observation.time }
            tell(explanation(of: line, sight, result, before, own))
        }
        return result.progress.consumed
    }

    /// What was seen of one line at the metrics, and at the steps; nil where no step concerns its source.
    private typealias Sight = (observation: MetricWitness.Observation, passage: TransformWitness.Passage?)

    private func sights(_ result: LinePipeline.PassResult) -> [Sight] {
        let observations = witness.observations
        let passages = transformWitness.passages
        if passages.isEmpty {
            // The source asks for neither metrics nor entries of a line like it.
            if observations.isEmpty && result.closed.lines > 0 {
                return [(MetricWitness.Observation(findings: [], fields: [], time: result.newestLineNanoseconds), nil)]
            }
            return observations.map { ($0, nil) }
        }
        var next = observations.makeIterator()
        return passages.map { passage in
            // Where a step took it away before, no metric could see it.
            let seen = passage.reachedMetrics ? next.next() : nil
            return (seen ?? MetricWitness.Observation(findings: [], fields: [], time: passage.time), passage)
        }
    }

    private func explanation(
        of line: UnsafeRawBufferPointer, _ sight: Sight, _ result: LinePipeline.PassResult, _ before: LinePipeline.LineCounts,
        _ entries: [ShippedEntry]
    ) -> LineExplanation {
        let (observation, passage) = sight
        var bytes = line[...]
        if bytes.last == 0x0a { bytes.removeLast() }
        if bytes.last == 0x0d { bytes.removeLast() }
        let counts = pipeline.counts
        let isCut = counts.cutLines > before.cutLines
        if isCut { bytes = bytes.prefix(source.maximumLineBytes) }
        let stood = String(decoding: bytes, as: UTF8.self)
        let isAssembled = source.assembling != nil
        let text = isAssembled ? passage?.text ?? entries.first?.line ?? stood : stood
        let parseError =
            counts.parseErrors > before.parseErrors ? Array(text.utf8).withUnsafeBytes { pipeline.parseError(of: $0) } : nil
        let found = zip(pipeline.fieldPaths, observation.fields).compactMap { path, value in value.map { (path, $0) } }
        let fields = Dictionary(found) { first, _ in first }
        return LineExplanation(
            number: number - Int(result.openEntries.lines), lines: Int(result.closed.lines), source: source.name,
            format: (source.envelope.map { "\($0.rawValue), " } ?? "") + source.format.name, text: text, bytes: Int(result.closed.bytes),
            isCut: isCut, parseError: parseError?.description, fields: fields,
            time: time(observation.time, fields, isUnreadable: counts.timestampErrors > before.timestampErrors),
            moved: moved(observation), unmoved: unmoved(observation),
            filtered: ports.indices.contains { result.made(at: $0).filtered.lines > 0 },
            isTransformed: (passage != nil || !isAssembled) && entries.contains { $0.line != text },
            transforms: passage.map { $0.effects.map(step) } ?? [], entries: entries.map(\.entry))
    }

    private func step(_ effect: TransformWitness.Effect) -> LineExplanation.Step {
        let settings = stages.settings.transforms[effect.step]
        return LineExplanation.Step(
            transform: settings.name, kind: settings.action.key, beforeMetrics: settings.isBeforeMetrics, dropped: effect.dropped,
            replaced: effect.replaced, fields: effect.fields, metadata: effect.metadata, cutTo: effect.cutTo, weight: effect.weight,
            outputs: effect.outputs.map { mask in
                stages.settings.outputs.indices.filter { mask & 1 << UInt64($0) != 0 }.map { stages.settings.outputs[$0].name }
            }, tenant: effect.tenant)
    }

    private func time(_ nanoseconds: UInt64, _ fields: [String: String], isUnreadable: Bool) -> LineExplanation.Time {
        let text = TimeText.rfc3339(nanoseconds)
        guard let settings = source.timestamp else {
            return LineExplanation.Time(text: text, from: source.envelope == nil ? "reading" : "envelope")
        }
        guard let found = fields[settings.field] else {
            if source.envelope != nil { return LineExplanation.Time(text: text, from: "envelope") }
            return LineExplanation.Time(text: text, from: "reading", reason: "there is no field `\(settings.field)`")
        }
        if isUnreadable {
            return LineExplanation.Time(
                text: text, from: "reading", reason: "`\(settings.field)` is \"\(found)\", which is not \(settings.format.name)")
        }
        return LineExplanation.Time(text: text, from: "field")
    }

    private func moved(_ observation: MetricWitness.Observation) -> [LineExplanation.Moved] {
        observation.findings.compactMap { finding in
            guard case .moved(let labels, let operation, let amount) = finding.verdict else { return nil }
            let name =
                switch operation {
                case .count: "add"
                case .observe: "observe"
                case .set: "set"
                case .move: "move"
                }
            return LineExplanation.Moved(
                metric: stages.settings.metrics[finding.metric].name,
                labels: Dictionary(labels.map { ($0.name, $0.value) }) { first, _ in first }, operation: name, amount: amount)
        }
    }

    private func unmoved(_ observation: MetricWitness.Observation) -> [LineExplanation.Unmoved] {
        observation.findings.compactMap { finding in
            let metric = stages.settings.metrics[finding.metric].name
            switch finding.verdict {
            case .moved: return nil
            case .failed(let condition, let found):
                return LineExplanation.Unmoved(metric: metric, condition: "\(condition.field) \(condition.wanted)", found: found)
            case .unusable(let error): return LineExplanation.Unmoved(metric: metric, valueError: error.name)
            }
        }
    }

    /// Entries of all outputs; those that are the same are one.
    private func entries(_ batches: [[SealedBatch]]) -> [ShippedEntry] {
        var entries: [ShippedEntry] = []
        for ((port, ownTenant), batches) in zip(zip(ports, tenants), batches) {
            for batch in batches {
                let tenant = batch.tenant ?? ownTenant
                for index in batch.entries.indices {
                    let bytes = batch.bytes(ofEntries: index..<index + 1)
                    let entry = String(decoding: bytes, as: UTF8.self)
                    let stream = String(decoding: batch.labels, as: UTF8.self)
                    let isSame = { (other: LineExplanation.Entry) in
                        other.entry == entry && other.stream == stream && other.tenant == tenant
                    }
                    if let same = entries.firstIndex(where: { isSame($0.entry) }) {
                        entries[same].entry.outputs.append(port.settings.name)
                    } else {
                        entries.append(
                            ShippedEntry(
                                entry: LineExplanation.Entry(
                                    outputs: [port.settings.name], tenant: tenant, stream: stream, entry: entry),
                                line: EntryText.line(of: bytes), time: batch.timestamp(ofEntry: index)))
                    }
                }
            }
        }
        return entries
    }
}

extension EntryText {
    /// The line of an entry, without its escapes.
    fileprivate static func line(of entry: UnsafeRawBufferPointer) -> String {
        guard let parts = EntryText(entry) else { return "" }
        let escaped = UnsafeRawBufferPointer(rebasing: entry[parts.line])
        return withUnsafeTemporaryAllocation(byteCount: max(1, escaped.count), alignment: 1) { buffer in
            let count = JSONStringDecoding.decode(escaped, into: buffer)
            return String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
        }
    }
}
