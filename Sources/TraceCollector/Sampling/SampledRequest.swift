import OTLP

/// Spans that are kept, gathered by what they stand in, for one request.
struct SampledRequest {
    private var spansByContext: [UInt32: [UInt8]] = [:]
    private(set) var spans = 0
    private(set) var bytes = 0

    var isEmpty: Bool { spans == 0 }

    /// `field`: the span with tag and length.
    mutating func append(_ field: UnsafeRawBufferPointer, context: UInt32) {
        spansByContext[context, default: []].append(contentsOf: field)
        spans += 1
        bytes += field.count
    }

    /// Appends the `ExportTraceServiceRequest`.
    func write(_ contexts: SpanContexts, to output: inout [UInt8]) {
        for (number, fields) in spansByContext.sorted(by: { $0.key < $1.key }) {
            guard let context = contexts[number] else { continue }
            var head: [UInt8] = []
            TraceFiltering.appendHead(2, count: context.scope.count + fields.count, to: &head)
            TraceFiltering.appendHead(
                1, count: context.resource.count + head.count + context.scope.count + fields.count, to: &output)
            output.append(contentsOf: context.resource)
            output.append(contentsOf: head)
            output.append(contentsOf: context.scope)
            output.append(contentsOf: fields)
        }
    }

    mutating func removeAll() {
        for key in spansByContext.keys { spansByContext[key]?.removeAll(keepingCapacity: false) }
        spansByContext.removeAll(keepingCapacity: true)
        spans = 0
        bytes = 0
    }
}
