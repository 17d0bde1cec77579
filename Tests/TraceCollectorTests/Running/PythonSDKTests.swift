import Foundation
import TestSupport
import Testing

@testable import TraceCollector

/// The OpenTelemetry SDK for Python sends, and its messages decode what arrives.
@Suite(.enabled(if: PythonSDK.isInstalled, "script/setup installs opentelemetry-sdk for Python into .build/python"))
struct PythonSDKTests {
    @Test(arguments: ["none", "gzip"])
    func `what the SDK sends arrives with every field that it had`(compression: String) throws {
        try withTemporaryDirectory { directory in
            let sink = try TempoSink()
            let collector = try CollectorProcess(
                """
                data_dir: "\(directory)/data", server: { listen: "127.0.0.1:0" }, receivers: { otlp_http: { listen: "127.0.0.1:0" } },
                outputs: [{ name: "tempo", type: "otlp_http", url: "\(sink.url)" }],
                """, in: directory)
            let sent = try PythonSDK.run(PythonSDK.sender, [collector.tracesURL, compression], in: directory)
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
        def line(trace, span, parent, name, kind, start, end, attributes, events, links, code, message, resource, scope):
            return json.dumps([trace, span, parent, name, kind, start, end, attributes, events, links, code, message, resource, scope],
                              sort_keys=True)

        """

    /// Makes spans with everything that a span can have, and prints each as the SDK knows it.
    static let sender = """
        import json, sys
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider, SpanProcessor
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import Link, SpanKind, Status, StatusCode

        """ + line + """
            class Printer(SpanProcessor):
                def on_end(self, s):
                    c = s.get_span_context()
                    print(line(format(c.trace_id, '032x'), format(c.span_id, '016x'), format(s.parent.span_id, '016x') if s.parent else '',
                               s.name, s.kind.value + 1, s.start_time, s.end_time, dict(s.attributes),
                               [[e.name, e.timestamp, dict(e.attributes)] for e in s.events],
                               [[format(l.context.trace_id, '032x'), dict(l.attributes)] for l in s.links],
                               s.status.status_code.value, s.status.description or '', s.resource.attributes['service.name'],
                               s.instrumentation_scope.name))

            provider = TracerProvider(resource=Resource.create({'service.name': 'sdk', 'answer': 42}))
            exporter = OTLPSpanExporter(endpoint=sys.argv[1], compression=Compression.Gzip if sys.argv[2] == 'gzip' else Compression.NoCompression)
            provider.add_span_processor(BatchSpanProcessor(exporter, max_export_batch_size=64))
            provider.add_span_processor(Printer())
            tracer = provider.get_tracer('test', '1.0')
            with tracer.start_as_current_span('root', kind=SpanKind.SERVER) as root:
                for number in range(200):
                    kind = [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER][number % 4]
                    with tracer.start_as_current_span('child \\u00fc %d' % number, kind=kind, links=[Link(root.get_span_context(), {'n': number})],
                                                      attributes={'text': 'x' * number, 'int': -number, 'float': number / 7, 'flag': number % 2 == 0}) as span:
                        span.add_event('happened', {'at': number})
                        if number % 3 == 0:
                            span.set_status(Status(StatusCode.ERROR, 'broken %d' % number))
            provider.shutdown()
            """

    /// Prints the spans of requests in files in the same form.
    static let decoder = """
        import json, sys
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        """ + line + """
            def value(v):
                return getattr(v, v.WhichOneof('value'))

            def attributes(pairs):
                return {pair.key: value(pair.value) for pair in pairs}

            for path in sys.argv[1:]:
                request = ExportTraceServiceRequest.FromString(open(path, 'rb').read())
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        for s in scope.spans:
                            print(line(s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex(), s.name, s.kind, s.start_time_unix_nano,
                                       s.end_time_unix_nano, attributes(s.attributes),
                                       [[e.name, e.time_unix_nano, attributes(e.attributes)] for e in s.events],
                                       [[l.trace_id.hex(), attributes(l.attributes)] for l in s.links],
                                       s.status.code, s.status.message, attributes(resource.resource.attributes)['service.name'],
                                       scope.scope.name))
            """
}
