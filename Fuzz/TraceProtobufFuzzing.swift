@testable import OTLP
@testable import TraceCollector

/// A request of spans in protobuf. What is accepted is what another reader finds, and stays that when it is filtered or sampled.
enum TraceProtobufFuzzing {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        var index = TraceIndex(maximumSpans: 1000)
        do throws(TraceReadError) { try index.read(bytes) } catch {
            precondition((0...bytes.count).contains(error.offset) && !error.description.isEmpty, "an error without a place: \(error)")
            precondition(index.spans.isEmpty && index.scopes.isEmpty && index.resources.isEmpty, "something is left after an error")
            return
        }
        let request = Array(bytes)
        precondition(countSpans(request) == index.spans.count, "another reader finds other spans")
        look(at: index, in: bytes)

        var copy: [UInt8] = []
        TraceFiltering.append(bytes, index, to: &copy) { _ in true }
        precondition(entries(read(copy)) == entries(index), "a copy of all spans has others")
        var sound: [UInt8] = []
        TraceFiltering.append(bytes, index, to: &sound) { index.spans[$0].fault == .none }
        let soundIndex = read(sound)
        precondition(soundIndex.faultyCount == 0, "a bad span is left")
        precondition(entries(soundIndex) == entries(index).filter { $0.fault == .none }, "taking out bad spans changes others")
        let twice = read(request + request)
        precondition(twice.spans.count == 2 * index.spans.count, "two requests in a row are not their sum")

        sample(soundIndex, sound)
    }

    /// Every range lies where it should.
    private static func look(at index: TraceIndex, in bytes: UnsafeRawBufferPointer) {
        var end: UInt32 = 0
        for span in index.spans {
            precondition(
                span.field.start >= end && span.field.end == span.body.end && span.body.start > span.field.start, "a span is misplaced")
            precondition(Int(span.field.end) <= bytes.count, "a span ends behind the request")
            end = span.field.end
            TraceAttributes.forEach(ofSpan: span.body, in: bytes) { name, value in
                _ = value.text(in: bytes).utf8.count + name.count
                return true
            }
            _ = String(decoding: span.name.bytes(in: bytes), as: UTF8.self)
        }
        for resource in index.resources { _ = TraceAttributes.serviceName(ofResourceSpans: resource.body, in: bytes) }
        precondition(index.faultyCount == index.spans.count { $0.fault != .none }, "faults are counted wrong")
    }

    /// Sampling that keeps everything gives every span back.
    private static func sample(_ index: TraceIndex, _ request: [UInt8]) {
        var sampler = TailSampler(TailSampler.Settings(memoryBytes: 1 << 20, policies: [.errors, .rateLimit(tracesPerSecond: 1e6)]))
        request.withUnsafeBytes { sampler.take(index, of: $0, from: LogPosition(segment: 1, offset: 8), now: 0) }
        sampler.decide(now: .max / 2)
        var kept: [UInt8] = []
        while sampler.writeFirstOutput(to: &kept) > 0 { sampler.removeFirstOutput() }
        let keptIndex = read(kept)
        precondition(keptIndex.spans.count == index.spans.count && keptIndex.faultyCount == 0, "sampling loses spans")
        precondition(Set(entries(keptIndex)) == Set(entries(index)), "sampling changes spans")
        precondition(sampler.usedBytes == 0 && sampler.openTraces == 0, "sampling keeps what it has given")
    }

    private struct Entry: Hashable {
        let trace: TraceKey
        let span: UInt64
        let parent: UInt64
        let times: [UInt64]
        let kind: UInt8
        let status: UInt8
        let fault: SpanFault
    }

    private static func entries(_ index: TraceIndex) -> [Entry] {
        index.spans.map {
            Entry(
                trace: $0.trace, span: $0.spanID, parent: $0.parentID, times: [$0.startNanoseconds, $0.endNanoseconds], kind: $0.kind,
                status: $0.status, fault: $0.fault)
        }
    }

    private static func read(_ request: [UInt8]) -> TraceIndex {
        var index = TraceIndex()
        do throws(TraceReadError) {
            try request.span.bytes.withUnsafeBytes { (raw) throws(TraceReadError) in try index.read(raw) }
        } catch { preconditionFailure("what was written can't be read: \(error)") }
        return index
    }

    private static func countSpans(_ request: [UInt8]) -> Int {
        messages(1, in: request[...]).reduce(0) { sum, resource in
            messages(2, in: resource).reduce(sum) { $0 + messages(2, in: $1).count }
        }
    }

    private static func messages(_ number: Int, in message: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var reader = ProtobufReader(message)
        var found: [ArraySlice<UInt8>] = []
        do throws(ProtobufError) {
            while let field = try reader.next() {
                if field.number == number, case .data(let data) = field.value { found.append(data) }
            }
        } catch { preconditionFailure("another reader refuses it: \(error)") }
        return found
    }
}
