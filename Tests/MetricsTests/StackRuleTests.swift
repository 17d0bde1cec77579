import Foundation
import TestSupport
import Testing

/// `config/prometheus` and `config/alertmanager`, as Prometheus' and Alertmanager's own tools see them (Debian packages `prometheus` and
/// `prometheus-alertmanager`).
@Suite struct `The configuration of Prometheus and Alertmanager` {
    private let configurations = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../config").standardized.path

    /// Runs `arguments` in a directory of its own, and gives what it said when it did not end with 0.
    private func complaint(of arguments: [String]) throws -> String? {
        try withTemporaryDirectory { directory in
            let process = try ChildProcess(arguments, outputPath: directory + "/output", errorPath: directory + "/error")
            let ending = try process.wait(seconds: 300)
            return ending == .exited(0) ? nil : "\(ending): \(process.outputText)\(process.errorText)"
        }
    }

    private func ruleTests() throws -> [String] {
        let directory = configurations + "/prometheus/tests"
        return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".yml") }.map { directory + "/" + $0 }
    }

    @Test func `is one that promtool takes`() throws {
        #expect(try complaint(of: ["promtool", "check", "config", configurations + "/prometheus/prometheus.yml"]) == nil)
    }

    @Test func `makes each alert fire when it should, and only then`() throws {
        let files = try ruleTests()
        #expect(files.count >= 6)
        #expect(try complaint(of: ["promtool", "test", "rules"] + files) == nil)
    }

    @Test func `has a case for each alert that fires, and one that does not`() throws {
        let rules = configurations + "/prometheus/rules"
        var alerts: Set<String> = []
        for name in try FileManager.default.contentsOfDirectory(atPath: rules) {
            let text = try String(contentsOfFile: rules + "/" + name, encoding: .utf8)
            alerts.formUnion(text.matches(of: #/- alert: (\w+)/#).map { String($0.1) })
        }
        var firing: Set<String> = []
        var silent: Set<String> = []
        for path in try ruleTests() {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for match in text.matches(of: #/- alertname: (\w+)\n +eval_time: \w+\n +exp_alerts:( \[\])?/#) {
                if match.2 == nil { firing.insert(String(match.1)) } else { silent.insert(String(match.1)) }
            }
        }
        #expect(alerts.count > 40)
        #expect(firing == alerts)
        #expect(silent == alerts)
    }

    @Test func `is one that amtool takes`() throws {
        #expect(try complaint(of: ["amtool", "check-config", configurations + "/alertmanager/alertmanager.yml"]) == nil)
    }
}
