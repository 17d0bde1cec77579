import Foundation
import TestSupport
import Testing

@testable import TraceCollector

/// The OpenTelemetry SDK for Python sends, and its messages decode what arrives.
@Suite(.enabled(if: PythonSDK.isInstalled, "script/setup installs opentelemetry-sdk for Python into .build/python"))
struct PythonSDKTests {
    /// What an exporter is asked for.
    enum Form: String, CaseIterable, Sendable {
        case protobuf, gzip, json
        case gzipJSON = "gzip json"
        case file
    }

    @Test(arguments: Form.allCases)
    func `what the SDK sends arrives with every field that it had`(form: Form) throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let collector = try CollectorProcess(
                """
                data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" },
                receivers: { otlp_http: { listen: "127.0.0.1:0" }, files: [{ include: ["\(directory)/*.jsonl"] }] },
                outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink.url)" }],
                """, in: directory)
            let target = form == .file ? directory + "/spans.jsonl" : collector.tracesURL
            let sent = try PythonSDK.run(PythonSDK.sender, [form.rawValue, target], in: directory)
            try waitUntil("the spans to arrive") { sink.spanCount == 201 }
            let requests = sink.withState { $0.requests }
            for (number, request) in requests.enumerated() {
                try Data(request).write(to: URL(fileURLWithPath: "\(directory)/request-\(number)"))
            }
            let arrived = try PythonSDK.run(
                PythonSDK.decoder, requests.indices.map { "\(directory)/request-\($0)" }, in: directory)
            #expect(sent.split(separator: "\n").sorted() == arrived.split(separator: "\n").sorted())
            #expect(sent.split(separator: "\n").count == 201)
            try collector.waitUntilSettled()
            #expect(try collector.ledger().isBalanced)
        }
    }
}

enum PythonSDK {
    private static let python = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../.build/python/bin/python3")
        .path

    static var isInstalled: Bool {
        FileManager.default.isExecutableFile(atPath: python)
            && (try? String(contentsOfFile: python.replacingOccurrences(of: "bin/python3", with: "packages"), encoding: .utf8))?
                .contains("opentelemetry-sdk") == true
    }

    /// Gives what the program prints.
    static func run(_ program: String, _ arguments: [String], in directory: String) throws -> String {
        let (ending, output, error) = try ChildProcess.run([python, "-c", program] + arguments, in: directory)
        guard ending == .exited(0) else { throw CollectorFailed(description: "Python ended with \(ending):\n\(error)") }
        return output
    }

    private static let line = """
        def line(*fields):
            return json.dumps(fields, sort_keys=True, default=bytes.hex)

        """

    /// Makes spans with everything that a span can have, and prints each as the SDK knows it.
    static let sender = """
        import json, os, sys
        os.environ['OTEL_EXPORTER_OTLP_COMPRESSION'] = 'gzip' if 'gzip' in sys.argv[1] else 'none'
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
        from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JSONSpanExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

        """ + line + """
            def flags(context):
                return 0x100 | (0x200 if context and context.is_remote else 0)

            class Printer(SpanProcessor):
                def on_end(self, s):
                    c, scope = s.get_span_context(), s.instrumentation_scope
                    print(line(format(c.trace_id, '032x'), format(c.span_id, '016x'), format(s.parent.span_id, '016x') if s.parent else '',
                               ','.join(f'{k}={v}' for k, v in c.trace_state.items()), flags(s.parent),
                               s.name, s.kind.value + 1, s.start_time, s.end_time, dict(s.attributes), s.dropped_attributes,
                               [[e.name, e.timestamp, dict(e.attributes), e.dropped_attributes] for e in s.events], s.dropped_events,
                               [[format(l.context.trace_id, '032x'), format(l.context.span_id, '016x'), dict(l.attributes), flags(l.context)]
                                for l in s.links], s.dropped_links,
                               s.status.status_code.value, s.status.description or '', dict(s.resource.attributes), s.resource.schema_url,
                               scope.name, scope.version, scope.schema_url or '', dict(scope.attributes)))

            provider = TracerProvider(resource=Resource({'service.name': 'sdk', 'answer': 42}, 'https://example.org/resource'),
                                      span_limits=SpanLimits(max_span_attributes=9, max_events=3, max_links=2))
            exporter = {'json': JSONSpanExporter, 'file': FileSpanExporter}.get(sys.argv[1].split()[-1], OTLPSpanExporter)
            provider.add_span_processor(BatchSpanProcessor(exporter(sys.argv[2]), max_export_batch_size=64))
            provider.add_span_processor(Printer())
            tracer = provider.get_tracer('test', '1.0', 'https://example.org/scope', {'in': 'scope'})
            remote = trace.set_span_in_context(NonRecordingSpan(SpanContext(
                2**127 + 5, 2**63 + 7, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([('vendor', 'v:1')]))))
            with tracer.start_as_current_span('root', remote, kind=SpanKind.SERVER) as root:
                for number in range(200):
                    kind = [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER][number % 4]
                    attributes = {'text': 'x' * number, 'int': -number, 'float': number / 7, 'flag': number % 2 == 0, 'none': None,
                                  'bytes': bytes(range(number)), 'list': [number, 'a', [2.5]], 'map': {'k': {'l': number}}}
                    links = [Link(root.get_span_context(), {'n': number})] * (number % 5)
                    with tracer.start_as_current_span('child \\u00fc %d' % number, kind=kind, links=links, attributes=attributes) as span:
                        span.set_attributes({f'more.{index}': index for index in range(number % 4)})
                        for index in range(number % 6):
                            span.add_event('happened', {'at': index})
                        if number % 3 == 0:
                            span.set_status(Status(StatusCode.ERROR, 'broken %d' % number))
                        elif number % 3 == 1:
                            span.set_status(Status(StatusCode.OK))
            provider.shutdown()
            """

    /// Prints the spans of requests in files in the same form.
    static let decoder = """
        import json, sys
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        """ + line + """
            def value(v):
                kind = v.WhichOneof('value')
                if kind == 'array_value':
                    return [value(inner) for inner in v.array_value.values]
                if kind == 'kvlist_value':
                    return attributes(v.kvlist_value.values)
                return kind and getattr(v, kind)

            def attributes(pairs):
                return {pair.key: value(pair.value) for pair in pairs}

            for path in sys.argv[1:]:
                request = ExportTraceServiceRequest.FromString(open(path, 'rb').read())
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        for s in scope.spans:
                            print(line(s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex(), s.trace_state, s.flags, s.name, s.kind,
                                       s.start_time_unix_nano, s.end_time_unix_nano, attributes(s.attributes), s.dropped_attributes_count,
                                       [[e.name, e.time_unix_nano, attributes(e.attributes), e.dropped_attributes_count] for e in s.events],
                                       s.dropped_events_count,
                                       [[l.trace_id.hex(), l.span_id.hex(), attributes(l.attributes), l.flags] for l in s.links],
                                       s.dropped_links_count, s.status.code, s.status.message, attributes(resource.resource.attributes),
                                       resource.schema_url, scope.scope.name, scope.scope.version, scope.schema_url,
                                       attributes(scope.scope.attributes)))
            """
}
