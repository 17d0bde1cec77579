import Configuration

/// A metric with the place that defines it, for messages about two of them.
struct PlacedMetric {
    var metric: MetricSettings
    var node: ConfigurationNode
    /// A metric of a recipe with this name is not wanted.
    var isDisabled = false
}

extension MetricSettings {
    /// The configuration's own metrics stand in the place of those of the same name from recipes. Names that clash otherwise are told.
    static func merge(recipes: [PlacedMetric], own: [PlacedMetric]) -> [PlacedMetric] {
        var own = own
        var merged: [PlacedMetric] = []
        for placed in recipes {
            if let index = own.firstIndex(where: { $0.metric.name == placed.metric.name }) {
                merged.append(own.remove(at: index))
            } else {
                merged.append(placed)
            }
        }
        let all = (merged + own).filter { !$0.isDisabled }
        var families: [String: PlacedMetric] = [:]
        var series: [String: PlacedMetric] = [:]
        for placed in all where !placed.metric.name.isEmpty {
            let name = placed.metric.name
            if let other = families[name] {
                placed.tellName("is there already: \(other.place(from: placed))", hint: "Keep one, or give one another name.")
                continue
            }
            families[name] = placed
            for exposed in placed.metric.exposedNames {
                if let other = series[exposed] {
                    placed.tellName("would expose `\(exposed)`, as does `\(other.metric.name)`: \(other.place(from: placed))")
                    break
                }
                series[exposed] = placed
            }
        }
        return all
    }

    /// The names of the family and of its samples, in both formats: OpenMetrics calls the family of `jobs_total` `jobs`.
    ///
    /// Not `_created`: it may be left out, and must be where it is the name of another family. `jobs_total` beside
    /// `jobs_created_total` is such a pair, and both names are required of transcode-service.
    private var exposedNames: [String] {
        switch kind {
        case .counter: name.hasSuffix("_total") ? [name, String(name.dropLast(6))] : [name]
        case .gauge: [name]
        case .histogram: [name, name + "_bucket", name + "_sum", name + "_count"]
        }
    }
}

extension PlacedMetric {
    fileprivate func tellName(_ message: String, hint: String? = nil) {
        let member = node.member("name")
        member.tell("`\(member.path)`: `\(metric.name)` \(message).", hint: hint)
    }

    /// Where this metric is, said in the file of `other`.
    fileprivate func place(from other: PlacedMetric) -> String {
        node.file.name == other.node.file.name ? "`\(node.path)`" : "`\(node.path)` in \(node.file.name)"
    }
}
