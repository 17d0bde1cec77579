import Gzip
import HTTP
import Metrics
import StructuredLogging
import TestSupport

@testable import TraceCollector

/// A receiver with its buffer, without a socket.
struct ReceiverRig {
    let receiver: OTLPReceiver
    let log: SegmentLog
    let ledger: SpanLedger
    let bytesInFlight: BytesInFlight
    let registry: MetricRegistry

    static func with(maximumBytes: Int = 1 << 20, bytesInFlight: Int? = nil, _ body: (ReceiverRig) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let ledger = SpanLedger(outputs: ["a"])
            let log = try SegmentLog(
                directory: directory + "/buffer", readers: ["a"], maximumBytes: 16 << 20, synchronization: .never
            ) { _, _, _ in }
            let collectorLog = CollectorLog(logger: Logger(name: "test", level: .error, output: LogOutput(service: "test")))
            let intake = SpanIntake(
                log: CountedLog(log, deriving: nil, number: 1, path: directory + "/metrics.state"), keepsGzip: true, ledger: ledger)
            let registry = MetricRegistry(startedAt: 0)
            let inFlight = BytesInFlight(maximum: bytesInFlight ?? 2 * maximumBytes)
            let receiver = OTLPReceiver(
                intake: intake, maximumBytes: maximumBytes, bytesInFlight: inFlight,
                metrics: try ReceiverMetrics(registry, receiver: "otlp_http"), log: collectorLog)
            try body(ReceiverRig(receiver: receiver, log: log, ledger: ledger, bytesInFlight: inFlight, registry: registry))
        }
    }

    func post(
        _ body: [UInt8], type: String? = "application/x-protobuf", encoding: String? = nil, method: HTTPMethod = .post,
        path: String = "/v1/traces"
    ) -> HTTPResponse {
        var headers = HTTPHeaders()
        if let type { headers.append("Content-Type", type) }
        if let encoding { headers.append("Content-Encoding", encoding) }
        return receiver.answer(HTTPRequest(method: method, target: path, headers: headers, body: body))
    }

    func stored() throws -> [(content: BufferRecord.Content, bytes: [UInt8], spans: UInt32)] {
        let batch = LogBatch()
        var records: [(BufferRecord.Content, [UInt8], UInt32)] = []
        while try log.take(into: batch, maximumBytes: 1 << 20, by: 0) {
            records += batch.records.map { ($0.record.content, Array(batch.bytes[$0.range]), $0.record.spans) }
        }
        return records
    }

    func metrics() throws -> MetricsText {
        var writer = ExpositionWriter(format: .prometheusText)
        writer.append(registry)
        return try MetricsText(String(decoding: writer.finish(), as: UTF8.self))
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        GzipEncoder(level: .zlib(6)).compress(bytes.span.bytes, into: &output)
        return output
    }
}
