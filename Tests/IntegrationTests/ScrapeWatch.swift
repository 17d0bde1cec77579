import Foundation
import Synchronization
import TestSupport

/// Scrapes an agent without pause, also over restarts, and notes every derived sample that is lower than in a scrape before.
final class ScrapeWatch: Sendable {
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var agent: AgentProcess?
        var isStopping = false
        var scrapes = 0
        var withheld = 0
        var highest: [String: Double] = [:]
        var created: [String: Double] = [:]
        var falls: [String] = []
    }

    init() {
        Thread { [self] in
            run()
            ended.signal()
        }.start()
    }

    /// Scrapes that were answered, and how many of them were without derived families.
    var scrapes: (all: Int, withheld: Int) { state.withLock { ($0.scrapes, $0.withheld) } }
    var falls: [String] { state.withLock { $0.falls } }

    func watch(_ agent: AgentProcess) { state.withLock { $0.agent = agent } }

    func stop() {
        state.withLock { $0.isStopping = true }
        ended.wait()
        ended.signal()
    }

    private func run() {
        while !state.withLock({ $0.isStopping }) {
            // Refused and cut connections belong to agents that are killed.
            let agent = state.withLock { $0.agent }
            let answer = try? agent?.request("/metrics", headers: ["Accept": "application/openmetrics-text; version=1.0.0"])
            if let answer { take(answer.bodyText, status: answer.status) }
            usleep(5_000)
        }
    }

    private func take(_ text: String, status: Int) {
        state.withLock { state in
            guard status == 200, let metrics = try? MetricsText(text) else {
                state.falls.append("a scrape was answered \(status) with \(text.prefix(200))")
                return
            }
            state.scrapes += 1
            if !metrics.samples.keys.contains(where: EventCount.isDerived) {
                state.withheld += 1
                return
            }
            for (series, value) in metrics.samples where EventCount.isDerived(series) {
                if value < state.highest[series] ?? 0 {
                    state.falls.append("\(series) fell from \(state.highest[series] ?? 0) to \(value)")
                }
                // A new creation time tells of a counter that began anew.
                let isCreation = MetricsText.name(of: series).hasSuffix("_created")
                if isCreation, let before = state.highest[series], value != before {
                    state.falls.append("\(series) changed from \(before) to \(value)")
                }
                state.highest[series] = value
            }
            for series in state.highest.keys where metrics[series] == nil { state.falls.append("\(series) is gone") }
        }
    }
}
