import Foundation
import HTTP

/// A running `log-agent`.
package final class AgentProcess: Sendable {
    package let process: ChildProcess
    /// `host:port`, as it said in its first line.
    package let address: String
    private let endpoint: HTTPEndpoint

    /// Starts the built program with `configuration` and waits until it has said where it listens.
    /// `launcher` comes before it on the command line and must end in becoming it.
    package init(configuration: String, logPath: String, launcher: [String] = [], input: Int32? = nil) throws {
        let known = (FileManager.default.contents(atPath: logPath) ?? Data()).count
        let process = try ChildProcess(
            launcher + [BuiltProducts.path(of: "log-agent"), "run", "--config", configuration], input: input,
            outputPath: logPath + ".out", errorPath: logPath)
        self.process = process
        var found: String?
        do {
            try waitUntil("log-agent to say where it listens", seconds: 60) {
                let text = (FileManager.default.contents(atPath: logPath) ?? Data()).dropFirst(known)
                found = Self.events(in: String(decoding: text, as: UTF8.self)).lazy.compactMap { $0["server.address"] as? String }.first
                return found != nil || !process.isRunning
            }
        } catch {
            process.kill()
            throw error
        }
        guard let found else {
            throw ChildProcess.Failed(
                description: "log-agent ended at once, \(try process.wait()):\n\(process.errorText.suffix(4000))")
        }
        address = found
        endpoint = try HTTPEndpoint(url: "http://\(found)")
    }

    deinit { process.kill() }

    package var pid: pid_t { process.pid }

    /// What it has logged, with what was there before in the same file.
    package var events: [[String: Any]] { Self.events(in: process.errorText) }

    private static func events(in text: String) -> [[String: Any]] {
        text.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    }

    package func events(saying message: String) -> [[String: Any]] {
        events.filter { ($0["message"] as? String)?.contains(message) == true }
    }

    // MARK: Ending it

    package func kill() { process.kill() }

    /// Asks it to stop and waits until it has; throws when it does not end with 0.
    package func terminate(seconds: Double = 30) throws {
        process.signal(SIGTERM)
        let ending = try process.wait(seconds: seconds)
        guard ending == .exited(0) else {
            throw ChildProcess.Failed(description: "log-agent ended with \(ending):\n\(process.errorText.suffix(4000))")
        }
    }

    // MARK: Asking it

    package func request(_ target: String, method: HTTPMethod = .get, headers: HTTPHeaders = [:]) throws -> HTTPResponse {
        try HTTPClient(endpoint: endpoint).send(
            method: method, target: target, headers: headers, timeoutNanoseconds: 30_000_000_000)
    }

    package func metrics() throws -> MetricsText { try MetricsText(request("/metrics").bodyText) }

    package func json(_ target: String) throws -> [String: Any] {
        let response = try request(target)
        return try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any] ?? [:]
    }

    package func waitUntilReady(seconds: Double = 60) throws {
        try waitUntil("/ready to be 200", seconds: seconds) { try request("/ready").status == 200 }
    }

    /// Waits until a series of `/metrics` has `value`; a series that is not there has none.
    package func waitFor(_ series: String, toBe value: Double, seconds: Double = 60) throws {
        try waitFor(series, seconds: seconds, "\(value)") { $0 == value }
    }

    package func waitFor(_ series: String, seconds: Double = 60, _ what: String, _ condition: (Double) -> Bool) throws {
        var last: Double?
        do {
            try waitUntil("\(series) to be \(what)", seconds: seconds) {
                last = try metrics()[series]
                return last.map(condition) ?? false
            }
        } catch let error as TimedOut {
            throw ChildProcess.Failed(
                description: "\(error); it is \(last.map { "\($0)" } ?? "not there"); it said:\n\(process.errorText.suffix(2000))")
        }
    }

    /// The totals of the ledger, by output.
    package func ledgerTotals() throws -> [String: LedgerTotal] {
        let totals = try json("/api/v1/ledger")["totals"] as? [[String: Any]] ?? []
        var byOutput: [String: LedgerTotal] = [:]
        for total in totals { byOutput[total["output"] as? String ?? ""] = LedgerTotal(total) }
        return byOutput
    }

    /// Waits until every output has settled `lines` lines.
    package func waitUntilDelivered(lines: Int, seconds: Double = 60) throws {
        var last: [String: LedgerTotal] = [:]
        do {
            try waitUntil("\(lines) lines to be read and none pending", seconds: seconds) {
                last = try ledgerTotals()
                return !last.isEmpty && last.values.allSatisfy { $0.read == lines && $0.pending == 0 }
            }
        } catch let error as TimedOut {
            throw ChildProcess.Failed(description: "\(error); the ledger: \(last); it said:\n\(process.errorText.suffix(3000))")
        }
    }

    /// Of the process, in bytes: `VmRSS` now, or `VmHWM` at its highest.
    package func memory(_ field: String) throws -> Int { try process.memory(field) }
}

/// Lines of one output, from `/api/v1/ledger`.
package struct LedgerTotal: Equatable, Sendable {
    package var read = 0
    package var delivered = 0
    package var pending = 0
    package var filtered = 0
    package var refused = 0
    package var lost = 0

    package init(read: Int, delivered: Int, pending: Int = 0, filtered: Int = 0, refused: Int = 0, lost: Int = 0) {
        (self.read, self.delivered, self.pending) = (read, delivered, pending)
        (self.filtered, self.refused, self.lost) = (filtered, refused, lost)
    }

    init(_ json: [String: Any]) {
        func lines(_ key: String) -> Int { (json[key] as? [String: Any])?["lines"] as? Int ?? -1 }
        self.init(
            read: lines("read"), delivered: lines("delivered"), pending: lines("pending"), filtered: lines("filtered"),
            refused: lines("refused"), lost: lines("lost"))
    }
}
