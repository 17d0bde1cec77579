import Glibc
import HTTP
import Synchronization
import SystemIO

/// What is done with each request, from any thread.
final class PushSink: Sendable {
    private struct Totals {
        var pushes = 0
        var entries = 0
        /// As they came over the wire.
        var receivedBytes = 0
        /// After `Content-Encoding` is undone.
        var bodyBytes = 0
        var refusedRequests = 0
        var writeErrors = 0
        var firstError: String?
        var firstPushNanoseconds: UInt64?
        var lastPushNanoseconds: UInt64 = 0
        var latency = LatencyHistogram()
    }

    private let options: SinkOptions
    private let totals = Mutex(Totals())

    init(_ options: SinkOptions) throws(SystemError) {
        self.options = options
        if let directory = options.verifyDirectory { try Directory.create(directory) }
    }

    func answer(_ request: HTTPRequest) -> HTTPResponse {
        switch (request.method, request.path) {
        case (.post, "/loki/api/v1/push"): return take(request)
        // Requests of spans, as Tempo takes them: counted and kept like pushes.
        case (.post, "/v1/traces") where options.acceptsAnyType: return take(request)
        case (.get, "/stats"):
            return HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: Array((statistics() + "\n").utf8))
        case (.get, "/ready"): return .text("ready")
        case (_, "/loki/api/v1/push"): return .methodNotAllowed([.post])
        default: return .notFound(request.target)
        }
    }

    private func take(_ request: HTTPRequest) -> HTTPResponse {
        let now = SystemClock.wallNanoseconds()
        // Loki reads any other type as protobuf, and refuses a push that has none.
        guard options.acceptsAnyType || request.headers.first("Content-Type")?.hasPrefix("application/json") ?? false else {
            totals.withLock { $0.refusedRequests += 1 }
            return .text("400 Bad Request: this sink takes application/json", status: 400)
        }
        var entries = 0
        var latencies = LatencyHistogram()
        PushTimestamps.forEach(in: request.body) { timestamp in
            entries += 1
            if options.measuresLatency { latencies.record(nanoseconds: now > timestamp ? now - timestamp : 0) }
        }
        let number = totals.withLock { totals in
            totals.pushes += 1
            totals.receivedBytes += request.headers.first("Content-Length").flatMap(Int.init) ?? request.body.count
            totals.bodyBytes += request.body.count
            totals.entries += entries
            totals.latency.add(latencies)
            // Pushes that are taken at once come here in any order.
            totals.firstPushNanoseconds = min(totals.firstPushNanoseconds ?? now, now)
            totals.lastPushNanoseconds = max(totals.lastPushNanoseconds, now)
            return totals.pushes
        }
        if let directory = options.verifyDirectory {
            do throws(SystemError) {
                let digits = String(number)
                let name = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
                let file = try FileDescriptor(
                    opening: "\(directory)/\(name).json", O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o644)
                try file.writeAll(request.body)
            } catch {
                // What is not written down must not be acknowledged: the sender keeps it and comes again.
                totals.withLock {
                    $0.writeErrors += 1
                    $0.firstError = $0.firstError ?? "\(error)"
                }
                return .text("500 Internal Server Error: \(error)", status: 500)
            }
        }
        return HTTPResponse(status: 204)
    }

    /// One JSON object on one line. Latencies are in milliseconds, from the timestamp of the entry to the arrival of its push.
    func statistics() -> String {
        totals.withLock { totals in
            let first = totals.firstPushNanoseconds ?? totals.lastPushNanoseconds
            let milliseconds = (totals.lastPushNanoseconds - first) / 1_000_000
            var text =
                "{\"pushes\":\(totals.pushes),\"entries\":\(totals.entries),\"received_bytes\":\(totals.receivedBytes),\"body_bytes\":\(totals.bodyBytes)"
            text += ",\"refused_requests\":\(totals.refusedRequests),\"write_errors\":\(totals.writeErrors),\"span_ms\":\(milliseconds)"
            if options.measuresLatency {
                for (name, part) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)] {
                    text += ",\"latency_\(name)_ms\":\(totals.latency.milliseconds(atQuantile: part))"
                }
                text += ",\"latency_max_ms\":\(totals.latency.maximumMilliseconds)"
            }
            return text + "}"
        }
    }
}
