import Foundation
import OTLP
import StructuredLogging
import Synchronization
import SystemIO
import TestSupport
import Tracing

@testable import TranscodeService

/// A service's telemetry, and what came of it.
final class TelemetryRecorder: Sendable {
    private final class Records: Sendable {
        let all = Mutex<[SpanRecord]>([])
    }

    private let records: Records
    private let path: String
    let telemetry: ServiceTelemetry

    init(in directory: String) throws {
        path = directory + "/log"
        let records = Records()
        self.records = records
        let output = try ServiceLogOutput(service: "transcode-service", file: path, descriptor: nil)
        telemetry = ServiceTelemetry(
            log: ServiceLogger(name: "service", output: output),
            tracer: Tracer(sampler: .always) { span in records.all.withLock { $0.append(span) } })
    }

    /// In the order of their ends.
    var spans: [SpanRecord] { records.all.withLock { $0 } }

    func span(_ name: String) -> SpanRecord? { spans.first { $0.name == name } }

    func lines() throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map { line in
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        }
    }
}
