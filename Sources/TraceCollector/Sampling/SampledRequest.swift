import OTLP

/// Spans that are kept, gathered by what they stand in, for one request.
struct SampledRequest {
    private struct Gathered {
        var fields: [UInt8] = []
        var spans = 0
    }

    private var gathered: [UInt32: Gathered] = [:]
    private(set) var spans = 0
    private(set) var bytes = 0

    /// `field`: the span with tag and length.
    mutating func append(_ field: UnsafeRawBufferPointer, context: UInt32) {
        gathered[context, default: Gathered()].fields.append(contentsOf: field)
        gathered[context]?.spans += 1
        spans += 1
        bytes += field.count
    }

    /// How many spans stand in each context.
    var contexts: [(number: UInt32, spans: Int)] { gathered.map { ($0.key, $0.value.spans) } }

    /// Appends the `ExportTraceServiceRequest`.
    func write(_ contexts: SpanContexts, to output: inout [UInt8]) {
        for (number, gathered) in gathered.sorted(by: { $0.key < $1.key }) {
            guard let context = contexts[number] else { continue }
            let fields = gathered.fields
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
}
