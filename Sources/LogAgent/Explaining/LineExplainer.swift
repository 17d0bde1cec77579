import Glibc
import JSONScanning
import Metrics
import SystemIO
import Tailing

/// Takes the lines of a sample through the pipeline that `run` would take them through, and notes what it does.
///
/// Outputs get ports whose batches are looked at and thrown away: nothing is sent or written.
final class LineExplainer {
    private let pipeline: LinePipeline
    private let stages: Stages
    private let ports: [OutputPort]
    private let file: FileState
    private let witness = MetricWitness()
    private var number = 0
    private var offset: UInt64 = 0
    private var isInsideCutLine = false

    var source: SourceSettings { pipeline.source }

    /// `path`: where the sample's lines would stand.
    init(_ settings: LogAgentSettings, source: Int, path: String) throws(LogAgentError) {
        var settings = settings
        // Of a directory nothing is opened before the first batch, and there will be none.
        for index in settings.outputs.indices {
            settings.outputs[index].destination = .directory(
                DirectorySettings(path: "/dev/null", retentionNanoseconds: nil, maximumBytes: 0, compressionLevel: 1))
        }
        let service = LogAgentService(settings: settings, log: .silent)
        stages = try service.makeStages(recordedTimes: try Self.noRecordedTimes(service))
        pipeline = stages.pipelines[source]
        pipeline.use(witness)
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
        file = FileState(of: content, outputCount: 0)
    }

    deinit { for port in ports { port.sender.stop() } }

    /// An empty directory for times that are never recorded; gone when this returns.
    private static func noRecordedTimes(_ service: LogAgentService) throws(LogAgentError) -> RecordedTimes {
        try service.attempt { () throws(SystemError) in
            var template = Array("/tmp/log-agent-explain-XXXXXX".utf8CString)
            let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) != nil } ?? false }
            let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !made { throw SystemError(call: "mkdtemp", subject: path) }
            defer { rmdir(path) }
            return try RecordedTimes(directory: path, firstFreeID: 1)
        }
    }

    /// Explains the lines in `piece`, which stands behind what was given before, one after the other. Gives how much of it was taken;
    /// what is left is the beginning of a line, to be given again with what follows. `isFinal`: nothing follows.
    func explain(_ piece: UnsafeRawBufferPointer, isFinal: Bool, _ tell: (LineExplanation) -> Void) -> Int {
        var taken = 0
        while taken < piece.count {
            let rest = UnsafeRawBufferPointer(rebasing: piece[taken...])
            let end = rest.firstIndex(of: 0x0a).map { $0 + 1 }
            // Only a line that can be told as too long is taken without its end.
            let isTooLong = rest.count > source.maximumLineBytes + 4
            guard end != nil || isFinal || isTooLong else { break }
            let line = UnsafeRawBufferPointer(rebasing: rest[..<(end ?? rest.count)])
            let consumed = take(line, isFinal: isFinal && end == nil, tell)
            if consumed == 0 { break }
            taken += consumed
        }
        return taken
    }

    private func take(_ line: UnsafeRawBufferPointer, isFinal: Bool, _ tell: (LineExplanation) -> Void) -> Int {
        witness.forget()
        let before = pipeline.counts
        let now = SystemClock.wallNanoseconds()
        let pass = LinePipeline.Pass(
            counts: true, outputs: ports, segments: ports.map { _ in SegmentReference(file: 1, segment: 0) }, now: now)
        let result = pipeline.take(line, at: offset, isInsideCutLine: isInsideCutLine, isFinal: isFinal, of: file, pass: pass)
        offset += UInt64(result.progress.consumed)
        isInsideCutLine = result.progress.isInsideCutLine
        let batches = ports.map { $0.takeOpenBatches() }
        if result.progress.lineCount > 0 {
            number += 1
            tell(explanation(of: line, result, before, batches, now: now))
        }
        return result.progress.consumed
    }

    private func explanation(
        of line: UnsafeRawBufferPointer, _ result: LinePipeline.PassResult, _ before: LinePipeline.LineCounts, _ batches: [[SealedBatch]],
        now: UInt64
    ) -> LineExplanation {
        var bytes = line[...]
        if bytes.last == 0x0a { bytes.removeLast() }
        if bytes.last == 0x0d { bytes.removeLast() }
        let counts = pipeline.counts
        let isCut = counts.cutLines > before.cutLines
        if isCut { bytes = bytes.prefix(source.maximumLineBytes) }
        let text = String(decoding: bytes, as: UTF8.self)
        let parseError =
            counts.parseErrors > before.parseErrors ? pipeline.parseError(of: UnsafeRawBufferPointer(rebasing: bytes)) : nil
        let found = zip(pipeline.fieldPaths, witness.fields).compactMap { path, value in value.map { (path, $0) } }
        let fields = Dictionary(found) { first, _ in first }
        let entries = self.entries(batches)
        return LineExplanation(
            number: number, source: source.name, format: source.format.name, text: text, bytes: result.progress.consumed, isCut: isCut,
            parseError: parseError?.description, fields: fields,
            time: time(result, fields, isUnreadable: counts.timestampErrors > before.timestampErrors),
            moved: moved(), unmoved: unmoved(), filtered: ports.indices.contains { result.made(at: $0).filtered.lines > 0 },
            isTransformed: entries.contains { !isWhole($0.line, text) }, entries: entries.map(\.entry))
    }

    /// Whether what is shipped is what stood in the file.
    private func isWhole(_ shipped: String, _ text: String) -> Bool { shipped == text }

    private func time(_ result: LinePipeline.PassResult, _ fields: [String: String], isUnreadable: Bool) -> LineExplanation.Time {
        let text = TimeText.rfc3339(result.newestLineNanoseconds)
        guard let settings = source.timestamp else { return LineExplanation.Time(text: text, from: "reading") }
        guard let found = fields[settings.field] else {
            return LineExplanation.Time(text: text, from: "reading", reason: "there is no field `\(settings.field)`")
        }
        if isUnreadable {
            return LineExplanation.Time(
                text: text, from: "reading", reason: "`\(settings.field)` is \"\(found)\", which is not \(settings.format.name)")
        }
        return LineExplanation.Time(text: text, from: "field")
    }

    private func moved() -> [LineExplanation.Moved] {
        witness.findings.compactMap { finding in
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

    private func unmoved() -> [LineExplanation.Unmoved] {
        witness.findings.compactMap { finding in
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
    private func entries(_ batches: [[SealedBatch]]) -> [(entry: LineExplanation.Entry, line: String)] {
        var entries: [(entry: LineExplanation.Entry, line: String)] = []
        for (port, batches) in zip(ports, batches) {
            for batch in batches {
                for index in batch.entries.indices {
                    let bytes = batch.bytes(ofEntries: index..<index + 1)
                    let entry = String(decoding: bytes, as: UTF8.self)
                    let stream = String(decoding: batch.labels, as: UTF8.self)
                    if let same = entries.firstIndex(where: { $0.entry.entry == entry && $0.entry.stream == stream }) {
                        entries[same].entry.outputs.append(port.settings.name)
                    } else {
                        entries.append(
                            (LineExplanation.Entry(outputs: [port.settings.name], stream: stream, entry: entry), EntryText.line(of: bytes)))
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
