import OTLP

/// Decides on whole traces: gathers spans until a trace is decided, hands out those of kept ones, and lets late spans follow. A pure
/// value: requests and times in, spans out.
///
/// A trace is kept as soon as a policy says so that nothing can change any more; it is dropped when no policy does after
/// ``Settings/waitNanoseconds`` from its first span, or a moment after its root has ended.
struct TailSampler {
    struct Settings: Equatable, Sendable {
        var waitNanoseconds: UInt64 = 10_000_000_000
        /// After the root's span came: the others of the trace may be on their way.
        var rootWaitNanoseconds: UInt64 = 1_000_000_000
        /// Three quarters for spans that wait, a quarter for decisions that late spans follow.
        var memoryBytes = 32 << 20
        var policies: [SamplingPolicy] = []
    }

    /// Since the start.
    struct Counts: Equatable, Sendable {
        var received: UInt64 = 0
        var keptTraces: UInt64 = 0
        var droppedTraces: UInt64 = 0
        var keptSpans: UInt64 = 0
        var droppedSpans: UInt64 = 0
        /// Of them, those of traces that were decided before.
        var lateSpans: UInt64 = 0
        /// Traces that were decided before their time, as memory was used up.
        var earlyTraces: UInt64 = 0
        /// Kept traces by the policy that kept them.
        var keptBy: [String: UInt64] = [:]
    }

    private struct Trace {
        var facts: TraceFacts
        /// For each span: context and length in four bytes each, then the field.
        var fields: [UInt8] = []
        var spans: UInt64 = 0
        let firstAt: UInt64
        var rootAt: UInt64?
        /// Where in the log its first span came from.
        let position: LogPosition
    }

    /// A trace that waits costs so much besides its spans.
    private static let traceBytes = 300
    /// A decided trace costs about so much.
    private static let decisionBytes = 120
    /// A request of kept spans is full with so many bytes.
    private static let requestBytes = 512 << 10

    private var settings: Settings
    private var rules: SamplingRules
    private var open = ArrivalTable<TraceKey, Trace>()
    /// Traces with a root that has ended, by when it did.
    private var ended = ArrivalTable<TraceKey, UInt64>()
    private var decisions = ArrivalTable<TraceKey, Bool>()
    private var maximumDecisions: Int
    private var contexts = SpanContexts()
    /// Kept spans in requests that any receiver takes, the oldest first.
    private(set) var output: [SampledRequest] = []
    private var outputBytes = 0
    private(set) var counts = Counts()
    private var openBytes = 0

    init(_ settings: Settings) {
        self.settings = settings
        rules = SamplingRules(settings.policies)
        maximumDecisions = Self.maximumDecisions(settings)
    }

    private static func maximumDecisions(_ settings: Settings) -> Int { max(1000, settings.memoryBytes / 4 / decisionBytes) }

    /// From now on decides by other settings, also on traces that wait. Attributes that no policy has asked for so far are looked for in
    /// spans that come from now on.
    mutating func adopt(_ settings: Settings) {
        let known = rules.attributes
        self.settings = settings
        rules = SamplingRules(settings.policies)
        let moves = rules.attributes.enumerated().compactMap { bit, wanted in
            known.firstIndex(of: wanted).map { (from: UInt64(1) << UInt64($0), to: UInt64(1) << UInt64(bit)) }
        }
        open.updateAll { trace in
            let found = trace.facts.attributes
            trace.facts.attributes = moves.reduce(0) { found & $1.from == 0 ? $0 : $0 | $1.to }
        }
        maximumDecisions = Self.maximumDecisions(settings)
        while decisions.count > maximumDecisions, let (oldest, _) = decisions.oldest { decisions.remove(oldest) }
    }

    var openTraces: Int { open.count }
    var openSpans: UInt64 { counts.received - counts.keptSpans - counts.droppedSpans }
    /// Of what waits, about.
    var usedBytes: Int { openBytes + contexts.bytes + outputBytes }

    /// Before it everything is decided; nil: nothing waits.
    var undecidedFrom: LogPosition? { open.oldest?.value.position }

    /// When ``decide(now:)`` has something to do; nil: not before another span comes.
    var nextDecision: UInt64? {
        let wait = open.oldest.map { $0.value.firstAt + settings.waitNanoseconds }
        let root = ended.oldest.map { $0.value + settings.rootWaitNanoseconds }
        guard let wait, let root else { return wait ?? root }
        return min(wait, root)
    }

    /// Takes one request, which `index` has read; `position` is where its record begins in the log. All times are those of the
    /// monotonic clock.
    mutating func take(_ index: TraceIndex, of message: UnsafeRawBufferPointer, from position: LogPosition, now: UInt64) {
        var scope: Int32 = -1
        var context: UInt32 = 0
        var resourceAttributes: UInt64 = 0
        var used: [UInt32] = []
        for span in index.spans where span.fault == .none {
            if span.scope != scope {
                scope = span.scope
                let entry = index.scopes[Int(scope)]
                context = contexts.number(of: entry, in: index, message)
                used.append(context)
                resourceAttributes = rules.attributes.isEmpty ? 0 : matches(ofResource: entry.resource, index, message)
            }
            take(span, message, context: context, resourceAttributes: resourceAttributes, position: position, now: now)
        }
        for context in used { contexts.removeUnused(context) }
        while usedBytes - outputBytes > settings.memoryBytes / 4 * 3, let (key, _) = open.oldest {
            counts.earlyTraces += 1
            decide(key, now: now)
        }
    }

    private mutating func take(
        _ span: SpanEntry, _ message: UnsafeRawBufferPointer, context: UInt32, resourceAttributes: UInt64, position: LogPosition,
        now: UInt64
    ) {
        let field = span.field.bytes(in: message)
        counts.received += 1
        if let isKept = decisions[span.trace] {
            counts.lateSpans += 1
            if isKept { keep(field, context) } else { counts.droppedSpans += 1 }
            return
        }
        let place =
            open.position(of: span.trace)
            ?? open.append(Trace(facts: TraceFacts(trace: span.trace), firstAt: now, position: position), for: span.trace)
        let attributes = rules.attributes.isEmpty ? 0 : resourceAttributes | matches(ofSpan: span, message)
        let (facts, growth, hasEnded) = open.update(at: place) { trace in
            trace.facts.add(span)
            trace.facts.attributes |= attributes
            let before = trace.fields.capacity
            trace.fields.append(littleEndian: context)
            trace.fields.append(littleEndian: UInt32(field.count))
            trace.fields.append(contentsOf: field)
            trace.spans += 1
            let isNew = trace.spans == 1
            let hasEnded = span.isRoot && trace.rootAt == nil
            if hasEnded { trace.rootAt = now }
            return (trace.facts, trace.fields.capacity - before + (isNew ? Self.traceBytes : 0), hasEnded)
        }
        contexts.retain(context)
        openBytes += growth
        if hasEnded { ended.append(now, for: span.trace) }
        if let policy = rules.early(facts) { settle(span.trace, keptBy: policy) }
    }

    /// Decides on every trace whose time has come.
    mutating func decide(now: UInt64) {
        while let (key, trace) = open.oldest, now >= trace.firstAt + settings.waitNanoseconds { decide(key, now: now) }
        while let (key, endedAt) = ended.oldest, now >= endedAt + settings.rootWaitNanoseconds { decide(key, now: now) }
    }

    private mutating func decide(_ key: TraceKey, now: UInt64) {
        guard let place = open.position(of: key), let trace = open.value(at: place) else {
            ended.remove(key)
            return
        }
        settle(key, keptBy: rules.decide(trace.facts, now: now))
    }

    private mutating func settle(_ key: TraceKey, keptBy policy: String?) {
        guard let trace = open.remove(key) else { return }
        ended.remove(key)
        openBytes -= trace.fields.capacity + Self.traceBytes
        if let policy {
            counts.keptTraces += 1
            counts.keptBy[policy, default: 0] += 1
        } else {
            counts.droppedTraces += 1
            counts.droppedSpans += trace.spans
        }
        trace.fields.withUnsafeBytes { fields in
            var offset = 0
            while offset + 8 <= fields.count {
                let context = UInt32(littleEndian: fields.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                let count = Int(UInt32(littleEndian: fields.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
                offset += 8
                if policy != nil { keep(UnsafeRawBufferPointer(rebasing: fields[offset..<offset + count]), context) }
                contexts.release(context)
                offset += count
            }
        }
        if decisions.count >= maximumDecisions, let (oldest, _) = decisions.oldest { decisions.remove(oldest) }
        decisions.append(policy != nil, for: key)
    }

    private mutating func keep(_ field: UnsafeRawBufferPointer, _ context: UInt32) {
        contexts.retain(context)
        if output.last.map({ $0.bytes >= Self.requestBytes }) ?? true { output.append(SampledRequest()) }
        output[output.count - 1].append(field, context: context)
        outputBytes += field.count
        counts.keptSpans += 1
    }

    /// Appends the first request of ``output``; gives its spans, 0 where there is none.
    func writeFirstOutput(to bytes: inout [UInt8]) -> Int {
        guard let first = output.first else { return 0 }
        first.write(contexts, to: &bytes)
        return first.spans
    }

    /// What ``writeFirstOutput(to:)`` has written is in good hands.
    mutating func removeFirstOutput() {
        let first = output.removeFirst()
        for (number, spans) in first.contexts { contexts.release(number, spans: spans) }
        outputBytes -= first.bytes
    }
}

// MARK: Attributes

extension TailSampler {
    private func matches(ofResource resource: Int32, _ index: TraceIndex, _ message: UnsafeRawBufferPointer) -> UInt64 {
        var found: UInt64 = 0
        TraceAttributes.forEach(ofResourceSpans: index.resources[Int(resource)].body, in: message) { name, value in
            found |= matches(name, value, message)
            return true
        }
        return found
    }

    private func matches(ofSpan span: SpanEntry, _ message: UnsafeRawBufferPointer) -> UInt64 {
        var found: UInt64 = 0
        TraceAttributes.forEach(ofSpan: span.body, in: message) { name, value in
            found |= matches(name, value, message)
            return true
        }
        return found
    }

    private func matches(_ name: UnsafeRawBufferPointer, _ value: TraceAttributes.Value, _ message: UnsafeRawBufferPointer) -> UInt64 {
        var found: UInt64 = 0
        for (bit, wanted) in rules.attributes.enumerated() {
            guard wanted.key.count == name.count, name.elementsEqual(wanted.key) else { continue }
            let isWanted: Bool
            if wanted.values.isEmpty {
                isWanted = true
            } else if case .string(let range) = value {
                let text = range.bytes(in: message)
                isWanted = wanted.values.contains { $0.count == text.count && text.elementsEqual($0) }
            } else {
                let text = Array(value.text(in: message).utf8)
                isWanted = wanted.values.contains(text)
            }
            if isWanted { found |= 1 << UInt64(bit) }
        }
        return found
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian number: UInt32) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
