import Foundation
import HTTP
import TestSupport

struct CollectorFailed: Error, CustomStringConvertible {
    let description: String
}

/// A running `trace-collector`.
final class CollectorProcess: Sendable {
    let process: ChildProcess
    private let admin: HTTPEndpoint
    /// `http://host:port/v1/traces`.
    let tracesURL: String
    let configurationPath: String

    /// Starts the built program with `configuration` and waits until it has said where it listens.
    init(_ configuration: String, in directory: String) throws {
        let name = directory + "/" + UUID().uuidString
        configurationPath = name + ".json5"
        try Data(configuration.utf8).write(to: URL(fileURLWithPath: configurationPath))
        // A build of some targets only calls programs by their target.
        let program =
            ["trace-collector", "TraceCollector"].map { BuiltProducts.path(of: $0) }
            .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "trace-collector"
        let process = try ChildProcess(
            [program, "run", "--config", name + ".json5"], outputPath: name + ".out", errorPath: name + ".err")
        self.process = process
        var found: [String: Any]?
        try waitUntil("trace-collector to say where it listens") {
            found = Self.events(process.errorText).first { $0["server.address"] is String }
            return found != nil || !process.isRunning
        }
        guard let found, let admin = found["server.address"] as? String else {
            throw CollectorFailed(description: "trace-collector ended at once:\n\(process.errorText)")
        }
        self.admin = try HTTPEndpoint(url: "http://\(admin)")
        tracesURL = "http://\(found["otlp.address"] as? String ?? "")/v1/traces"
    }

    deinit { process.kill() }

    static func events(_ text: String) -> [[String: Any]] {
        text.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }

    func get(_ target: String) throws -> HTTPResponse {
        try HTTPClient(endpoint: admin).send(method: .get, target: target, timeoutNanoseconds: 30_000_000_000)
    }

    func post(_ body: [UInt8], headers: HTTPHeaders = ["Content-Type": "application/x-protobuf"]) throws -> HTTPResponse {
        try HTTPClient(endpoint: HTTPEndpoint(url: tracesURL)).send(
            method: .post, headers: headers, bytes: body, timeoutNanoseconds: 30_000_000_000)
    }

    /// The ledger of an output.
    func ledger(_ output: Int = 0) throws -> [String: Any] {
        let json = try JSONSerialization.jsonObject(with: Data(get("/api/v1/ledger").body)) as? [String: Any]
        return (json?["spans"] as? [[String: Any]])?[output] ?? [:]
    }

    func waitUntilSettled(output: Int = 0) throws {
        var last: [String: Any] = [:]
        do {
            try waitUntil("nothing to be pending") {
                last = try ledger(output)
                return last["pending"] as? Int == 0
            }
        } catch {
            throw CollectorFailed(description: "\(error): \(last)\n\(process.errorText.suffix(2000))")
        }
    }

    /// The sum of `traces_spanmetrics_calls_total`.
    func calls() throws -> Double {
        try MetricsText(get("/metrics").bodyText).samples.filter { $0.key.hasPrefix("traces_spanmetrics_calls_total{") }.values.reduce(0, +)
    }

    /// The most memory that it has had.
    func peakBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(separator: " ").compactMap({ Int($0) }).first
        else { throw CollectorFailed(description: "no VmHWM in:\n\(status)") }
        return kilobytes << 10
    }

    func terminate() throws {
        process.signal(SIGTERM)
        let ending = try process.wait()
        guard ending == .exited(0) else {
            throw CollectorFailed(description: "trace-collector ended with \(ending):\n\(process.errorText.suffix(4000))")
        }
    }
}

extension [String: Any] {
    /// received + recovered = delivered + pending + sampled away + dropped.
    var isBalanced: Bool {
        func count(_ key: String) -> Int { self[key] as? Int ?? 0 }
        let dropped = (self["dropped"] as? [String: Int] ?? [:]).values.reduce(0, +)
        return count("received") + count("recovered") == count("delivered") + count("pending") + count("sampled_away") + dropped
    }
}
