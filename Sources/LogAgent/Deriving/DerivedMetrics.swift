import Metrics
import StructuredLogging

/// The derived families with the rules that move them.
final class DerivedMetrics {
    let table: SeriesTable
    let rules: MetricRules

    /// What one family has met, for status and metrics.
    struct Status: Sendable {
        var name: String
        var series: Int
        var maximumSeries: Int
        var matchedLines: UInt64
        var valueErrors: [(reason: ValueError, count: UInt64)]
        var overflowed: UInt64
        /// The label with the most values, once the family has overflowed.
        var overflowLabel: String?
    }

    init(
        _ settings: [MetricSettings], now: UInt64, earlierCounts: [MetricRules.Counts] = [], slot: @escaping (String) -> Int
    ) throws(DerivingError) {
        table = SeriesTable()
        rules = try MetricRules(settings, table: table, now: now, earlierCounts: earlierCounts, slot: slot)
    }

    /// Gives the families the values of a checkpoint; the findings are what has no place any more.
    func restore(_ snapshot: [UInt8], now: UInt64) -> [String] {
        do throws(SnapshotError) {
            return try snapshot.span.bytes.withUnsafeBytes { (bytes) throws(SnapshotError) in
                try table.restore(from: bytes, now: now).map(\.description)
            }
        } catch {
            return ["\(error.description) All derived metrics start anew."]
        }
    }

    var status: [Status] {
        zip(table.families, rules.counts).map { family, counts in
            Status(
                name: counts.name, series: family.seriesCount, maximumSeries: family.definition.maximumSeries,
                matchedLines: counts.matchedLines, valueErrors: ValueError.allCases.map { ($0, counts[$0]) },
                overflowed: family.overflowedUpdates, overflowLabel: family.overflow?.label)
        }
    }
}
