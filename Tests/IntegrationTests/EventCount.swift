import Foundation
import TestSupport

/// What the metrics must be for some lines, counted with Foundation's JSON reader from a table that was written by hand from the
/// requirements: independent of the agent's scanner, rules and recipe.
struct EventCount {
    private struct Family {
        var events: Set<String>
        var labels: [String] = []
        var value: String?
        var scale = 1.0
        var buckets: [Double]?
    }

    private static let families: [String: Family] = [
        "api_requests_total": Family(events: ["http.request"], labels: ["endpoint", "method", "status"]),
        "api_request_duration_seconds": Family(
            events: ["http.request"], labels: ["endpoint", "method"], value: "duration_ms", scale: 0.001,
            buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10]),
        "jobs_total": Family(events: ["job.created", "job.started", "job.completed", "job.failed", "job.cancelled"], labels: ["status"]),
        "jobs_created_total": Family(events: ["job.created"]),
        "jobs_completed_total": Family(events: ["job.completed"]),
        "jobs_failed_total": Family(events: ["job.failed"], labels: ["error_type"]),
        "job_processing_duration_seconds": Family(
            events: ["job.completed"], value: "processing_duration_seconds", buckets: [60, 300, 600, 1800, 3600, 7200, 14400]),
        "job_queue_time_seconds": Family(
            events: ["job.started"], value: "queue_time_seconds", buckets: [1, 5, 10, 30, 60, 300, 600]),
        "video_transcode_duration_seconds": Family(
            events: ["transcode.finished"], labels: ["resolution"], value: "duration_seconds",
            buckets: [30, 60, 120, 300, 600, 1200, 1800, 3600]),
        "video_transcoded_bytes_total": Family(events: ["transcode.finished"], labels: ["resolution"], value: "output_bytes"),
        "video_compression_ratio": Family(
            events: ["transcode.finished"], labels: ["resolution"], value: "compression_ratio",
            buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        "transcription_duration_seconds": Family(
            events: ["transcription.finished"], labels: ["whisper_model"], value: "duration_seconds",
            buckets: [30, 60, 120, 300, 600, 1200, 1800]),
        "transcription_word_count": Family(
            events: ["transcription.finished"], value: "word_count", buckets: [100, 500, 1000, 2000, 5000, 10000]),
    ]

    /// By series, as in ``MetricsText``.
    private(set) var samples: [String: Double] = [:]

    init(_ lines: [String]) {
        for line in lines {
            guard let event = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let kind = event["event"] as? String
            else { continue }
            for (name, family) in Self.families where family.events.contains(kind) { add(event, to: name, family) }
        }
    }

    private mutating func add(_ event: [String: Any], to name: String, _ family: Family) {
        let labels = family.labels.map { ($0, "\(event[$0] ?? "")") }
        let amount = family.value.map { (event[$0] as? NSNumber)?.doubleValue ?? .nan } ?? 1
        guard let buckets = family.buckets else {
            samples[MetricsText.series(name, labels), default: 0] += amount
            return
        }
        let value = amount * family.scale
        samples[MetricsText.series(name + "_count", labels), default: 0] += 1
        samples[MetricsText.series(name + "_sum", labels), default: 0] += value
        for bound in buckets + [.infinity] {
            let text = bound == .infinity ? "+Inf" : "\(bound)"
            samples[MetricsText.series(name + "_bucket", labels + [("le", text)]), default: 0] += value <= bound ? 1 : 0
        }
    }

    /// Whether a series belongs to one of the families.
    static func isDerived(_ series: String) -> Bool {
        let name = String(MetricsText.name(of: series))
        if families[name] != nil { return true }
        return ["_bucket", "_count", "_sum", "_created"].contains { name.hasSuffix($0) && families[String(name.dropLast($0.count))] != nil }
    }

    /// What `metrics` has otherwise: nothing when every derived series is exact. Sums may differ in the last digits.
    func differences(from metrics: MetricsText) -> [String] {
        var differences: [String] = []
        for (series, expected) in samples {
            guard let found = metrics[series] else {
                differences.append("\(series): expected \(expected), found none")
                continue
            }
            let isSum = MetricsText.name(of: series).hasSuffix("_sum")
            if found != expected && !(isSum && abs(found - expected) <= 1e-9 * abs(expected)) {
                differences.append("\(series): expected \(expected), found \(found)")
            }
        }
        for (series, found) in metrics.samples where samples[series] == nil && found != 0 && Self.isDerived(series) {
            if !series.contains("_created") || MetricsText.name(of: series).hasSuffix("jobs_created_total") {
                differences.append("\(series): expected none, found \(found)")
            }
        }
        return differences.sorted()
    }
}
