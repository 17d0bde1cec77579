/// The parts of a family's lines that do not depend on a series.
struct FamilyText: Sendable {
    let prometheusHead: [UInt8]
    let openMetricsHead: [UInt8]
    /// The sample of a counter or gauge, or a histogram's bucket: the name alone.
    let sample: [UInt8]
    /// Empty for all but histograms.
    let sum: [UInt8]
    let count: [UInt8]
    /// Empty for gauges.
    let created: [UInt8]
    /// `le="0.1"} ` for each bucket, `+Inf` last.
    let bucketEnds: [[UInt8]]

    init(_ definition: FamilyDefinition) {
        let name = definition.name
        let base = definition.baseName
        let kind: String
        switch definition.kind {
        case .counter:
            kind = "counter"
            sample = Array(name.utf8)
            (sum, count, bucketEnds) = ([], [], [])
            created = Array("\(base)_created".utf8)
        case .gauge:
            kind = "gauge"
            sample = Array(name.utf8)
            (sum, count, bucketEnds, created) = ([], [], [], [])
        case .histogram(let bounds):
            kind = "histogram"
            sample = Array("\(name)_bucket".utf8)
            sum = Array("\(name)_sum".utf8)
            count = Array("\(name)_count".utf8)
            created = Array("\(name)_created".utf8)
            bucketEnds = (bounds.map(NumberText.canonical) + ["+Inf"]).map { Array("le=\"\($0)\"} ".utf8) }
        }

        var head = Array("# HELP \(name) ".utf8)
        TextEscaping.appendHelp(definition.help, escapingQuotes: false, to: &head)
        prometheusHead = head + Array("\n# TYPE \(name) \(kind)\n".utf8)

        head = Array("# TYPE \(base) \(kind)\n".utf8)
        if let unit = definition.unit { head += Array("# UNIT \(base) \(unit)\n".utf8) }
        head += Array("# HELP \(base) ".utf8)
        TextEscaping.appendHelp(definition.help, escapingQuotes: true, to: &head)
        openMetricsHead = head + [UInt8(ascii: "\n")]
    }
}
