import JSONScanning
import Metrics

@testable import LogAgent

let derivingTime: UInt64 = 1_700_000_000_000_000_000

/// A metric with the settings that a test does not care about left out.
func metric(
    _ name: String, _ kind: MetricSettings.Kind = .counter(value: nil), where conditions: [FieldCondition] = [],
    updates: [GaugeUpdate] = [], labels: [(String, FieldTemplate)] = [], scale: Double = 1, exemplar: String? = nil,
    maximumSeries: Int = 1000, initial: [[String]]? = nil
) -> MetricSettings {
    MetricSettings(
        name: name, help: "Help.", kind: kind, conditions: conditions, updates: updates,
        labels: labels.map { NamedTemplate(name: $0.0, template: $0.1) }, scale: scale, exemplar: exemplar,
        maximumSeries: maximumSeries, idleTimeoutNanoseconds: nil, initialLabelValues: initial)
}

func condition(_ field: String, _ test: FieldCondition.Test) -> FieldCondition {
    FieldCondition(field: field, test: test)
}

/// Rules with everything around them: lines of JSON go in, the exposition comes out.
final class Deriving {
    let table = SeriesTable()
    let rules: MetricRules
    private let scanner: JSONScanner

    init(_ settings: [MetricSettings]) throws(DerivingError) {
        let paths = FieldPaths(MetricRules.requiredPaths(settings))
        scanner = JSONScanner(paths: paths)
        rules = try MetricRules(settings, table: table, now: derivingTime) { paths.slot(of: $0) ?? -1 }
    }

    func apply(_ lines: String...) throws {
        for line in lines {
            let line = Array(line.utf8)
            try line.withUnsafeBytes { line in
                try scanner.scan(line)
                let fields = (0..<scanner.paths.count).map { scanner[$0] }
                fields.withUnsafeBufferPointer { rules.apply($0, in: line, now: derivingTime) }
            }
        }
    }

    func exposition(_ format: ExpositionFormat = .prometheusText) -> String {
        var capture = SeriesCapture()
        table.capture(into: &capture)
        var writer = ExpositionWriter(format: format)
        writer.append(capture)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// The samples, without metadata.
    var samples: [String] {
        exposition().split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }
}
