import CommandLineInterface
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `The table of top` {
    private func status(lines: UInt64, delivered: UInt64, cpu: Double, error: String? = nil) -> StatusReport {
        let source = StatusReport.Source(
            name: "app", files: 2, rotatedFiles: 1, linesRead: lines, bytesRead: lines * 100, lagBytes: 2048, parseErrors: 3)
        let output = StatusReport.Output(
            name: "loki", healthy: error == nil, lastError: error, heldBytes: 4096, budgetBytes: 1, openBatches: 1, filesBehind: 2,
            pendingLines: 1234, pendingBytes: 1, deliveredLines: delivered, deliveredBytes: 1, filteredLines: 0, refusedLines: 5,
            lostLines: 0, retries: 7)
        let few = StatusReport.Metric(name: "few", series: 1, maximumSeries: 10, matchedLines: 5, valueErrors: 0, overflowed: 0)
        let many = StatusReport.Metric(name: "many", series: 9, maximumSeries: 10, matchedLines: 1_000_000, valueErrors: 2, overflowed: 0)
        return StatusReport(
            version: "1.0", uptimeSeconds: 93_784, catchingUp: false, residentBytes: 12_582_912, cpuSeconds: cpu, checkpointBytes: 1,
            sources: [source], outputs: [output], metrics: [few, many])
    }

    private let terminal = Terminal(
        output: { _ in }, error: { _ in }, outputHasColour: false, errorHasColour: false, errorIsTerminal: false)

    @Test func `has rates between two looks, and the metrics with the most series first`() {
        let first = WatchTable.Look(status: status(lines: 1000, delivered: 900, cpu: 1), nanoseconds: 1_000_000_000)
        let second = WatchTable.Look(status: status(lines: 2000, delivered: 1000, cpu: 1.5), nanoseconds: 3_000_000_000)
        let text = WatchTable(terminal: terminal).text(second, previous: first, address: "127.0.0.1:1")
        #expect(
            text == """
                log-agent 1.0  127.0.0.1:1  up 1d 2h  12.0 MiB resident  25 % CPU  ready

                SOURCE    files  lines/s   bytes/s      lag  lines  no parse
                app           3      500  48.8 KiB  2.0 KiB  2,000         3

                OUTPUT    lines/s  pending     held  behind  retries  refused  lost
                loki           50    1,234  4.0 KiB       2        7        5     0

                METRIC    series  limit    matched  no value  overflowed
                many           9     10  1,000,000         2           0
                few            1     10          5         0           0

                """)
    }

    @Test func `tells what is wrong, and fits the terminal`() {
        let look = WatchTable.Look(
            status: status(lines: 1, delivered: 1, cpu: 1, error: "connection refused \u{1b}[31m" + String(repeating: "x", count: 200)),
            nanoseconds: 1)
        let text = WatchTable(terminal: terminal, columns: 60, rows: 12).text(look, previous: nil, address: "a", error: "gone")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count <= 12)
        for line in lines { #expect(line.count <= 60, "\(line)") }
        #expect(text.contains("no answer: gone") && text.contains("  loki: connection refused") && !text.contains("\u{1b}"))
        #expect(text.contains("  -  "))
    }

    @Test func `has short numbers`() {
        #expect([0, 999, 1000, 1_234_567].map { WatchTable.count($0) } == ["0", "999", "1,000", "1,234,567"])
        #expect([0, 1.26, 99.94, 1234.4].map(WatchTable.number) == ["0", "1.3", "99.9", "1,234"])
        #expect([0, 59, 61, 3600, 90_061].map(WatchTable.span) == ["0s", "59s", "1m 1s", "1h", "1d 1h"])
    }
}
