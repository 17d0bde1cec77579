import Synchronization

/// The metrics that a program keeps about itself. Handles are asked for once, at start, and kept; any thread may use them.
package final class MetricRegistry: Sendable {
    /// Most series of one family: labels here are few and known.
    package static let maximumSeries = 1000

    private let families = Mutex(RegisteredFamilies())
    /// Nanoseconds since 1970: when everything here was 0.
    private let startedAt: UInt64

    package init(startedAt: UInt64) {
        self.startedAt = startedAt
    }

    /// The counter with these labels; the same one for the same labels.
    package func counter(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) throws(MetricDeclarationError) -> Counter {
        let child = try child(name, help, .counter, labels) { _ in .counter(Counter()) }
        guard case .counter(let counter) = child else { throw .declaredDifferently(name) }
        return counter
    }

    /// The gauge with these labels; the same one for the same labels.
    package func gauge(
        _ name: String, help: String, labels: KeyValuePairs<String, String> = [:]
    ) throws(MetricDeclarationError) -> Gauge {
        let child = try child(name, help, .gauge, labels) { _ in .gauge(Gauge()) }
        guard case .gauge(let gauge) = child else { throw .declaredDifferently(name) }
        return gauge
    }

    /// The histogram with these labels; the same one for the same labels.
    package func histogram(
        _ name: String, help: String, bounds: [Double], labels: KeyValuePairs<String, String> = [:]
    ) throws(MetricDeclarationError) -> Histogram {
        let child = try child(name, help, .histogram(bounds: bounds), labels) { .histogram(Histogram($0)) }
        guard case .histogram(let histogram) = child else { throw .declaredDifferently(name) }
        return histogram
    }

    /// A counter family whose values `collect` finds at each scrape. It runs on the scraping thread and holds no lock of ours.
    package func collectCounter(
        _ name: String, help: String, labels: [String] = [], _ collect: @escaping @Sendable (inout CollectedSamples) -> Void
    ) throws(MetricDeclarationError) {
        try addCollector(FamilyDefinition(name: name, help: help, kind: .counter, labelNames: labels), collect)
    }

    /// A gauge family whose values `collect` finds at each scrape. It runs on the scraping thread and holds no lock of ours.
    package func collectGauge(
        _ name: String, help: String, labels: [String] = [], _ collect: @escaping @Sendable (inout CollectedSamples) -> Void
    ) throws(MetricDeclarationError) {
        try addCollector(FamilyDefinition(name: name, help: help, kind: .gauge, labelNames: labels), collect)
    }

    private func child(
        _ name: String, _ help: String, _ kind: FamilyDefinition.Kind, _ labels: KeyValuePairs<String, String>,
        make: (FamilyShape) -> RegisteredChild.Value
    ) throws(MetricDeclarationError) -> RegisteredChild.Value {
        let definition = FamilyDefinition(name: name, help: help, kind: kind, labelNames: labels.map(\.key))
        let values = labels.map(\.value)
        let result: Result<RegisteredChild.Value, MetricDeclarationError> = families.withLock { families in
            do throws(MetricDeclarationError) {
                return .success(try families.child(definition, values, make: make))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func addCollector(
        _ definition: FamilyDefinition, _ collect: @escaping @Sendable (inout CollectedSamples) -> Void
    ) throws(MetricDeclarationError) {
        let result: Result<Void, MetricDeclarationError> = families.withLock { families in
            do throws(MetricDeclarationError) {
                return .success(try families.addCollector(definition, collect))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Forgets every series that has `value` in `label`: what it was about is gone. Its handles then count for nobody.
    package func removeSeries(label: String, value: String) {
        families.withLock { $0.removeSeries(label: label, value: value) }
    }

    /// Writes every family that has a series, in the order of their declaration.
    func write(to writer: inout ExpositionWriter) {
        let list = families.withLock { $0.list }
        for family in list { family.write(to: &writer, created: startedAt) }
    }
}

extension ExpositionWriter {
    package mutating func append(_ registry: MetricRegistry) {
        registry.write(to: &self)
    }
}

/// The state of a registry, under its lock.
private struct RegisteredFamilies {
    private(set) var list: [RegisteredFamily] = []
    private var positions: [String: Int] = [:]
    private var names = SampleNames()

    mutating func child(
        _ definition: FamilyDefinition, _ values: [String], make: (FamilyShape) -> RegisteredChild.Value
    ) throws(MetricDeclarationError) -> RegisteredChild.Value {
        let position = try position(of: definition)
        guard list[position].collect == nil else { throw .declaredDifferently(definition.name) }
        let labels = list[position].shape.labels(of: values)
        if let child = list[position].children.first(where: { $0.labels == labels }) { return child.value }
        guard list[position].children.count < MetricRegistry.maximumSeries else {
            throw .tooManySeries(family: definition.name, limit: MetricRegistry.maximumSeries)
        }
        let value = make(list[position].shape)
        list[position].children.append(RegisteredChild(labels: labels, values: values, value: value))
        return value
    }

    mutating func removeSeries(label: String, value: String) {
        for position in list.indices {
            guard let place = list[position].shape.definition.labelNames.firstIndex(of: label) else { continue }
            list[position].children.removeAll { $0.values[place] == value }
        }
    }

    mutating func addCollector(
        _ definition: FamilyDefinition, _ collect: @escaping @Sendable (inout CollectedSamples) -> Void
    ) throws(MetricDeclarationError) {
        guard positions[definition.name] == nil else { throw .declaredDifferently(definition.name) }
        let position = try position(of: definition)
        list[position].collect = collect
    }

    private mutating func position(of definition: FamilyDefinition) throws(MetricDeclarationError) -> Int {
        if let known = positions[definition.name] {
            guard list[known].shape.definition == definition else { throw .declaredDifferently(definition.name) }
            return known
        }
        try definition.validate()
        try names.claim(definition)
        positions[definition.name] = list.count
        list.append(RegisteredFamily(shape: FamilyShape(definition)))
        return list.count - 1
    }
}

private struct RegisteredChild {
    enum Value {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Histogram)
    }
    /// As they are written.
    let labels: [UInt8]
    let values: [String]
    let value: Value
}

private struct RegisteredFamily {
    let shape: FamilyShape
    var children: [RegisteredChild] = []
    /// nil: the family has children.
    var collect: (@Sendable (inout CollectedSamples) -> Void)?

    func write(to writer: inout ExpositionWriter, created: UInt64) {
        if let collect {
            var samples = CollectedSamples(shape)
            collect(&samples)
            guard !samples.samples.isEmpty else { return }
            writer.writeHead(shape.text)
            for sample in samples.samples { write(sample.value, sample.labels, to: &writer, created: created) }
            return
        }
        guard !children.isEmpty else { return }
        writer.writeHead(shape.text)
        for child in children {
            switch child.value {
            case .counter(let counter): write(Double(counter.value), child.labels, to: &writer, created: created)
            case .gauge(let gauge): write(gauge.value, child.labels, to: &writer, created: created)
            case .histogram(let histogram): write(histogram, child.labels, to: &writer, created: created)
            }
        }
    }

    private func write(_ value: Double, _ labels: [UInt8], to writer: inout ExpositionWriter, created: UInt64) {
        labels.withUnsafeBytes { labels in
            writer.writeOpening(shape.text.sample, labels)
            writer.write(value)
            writer.write(UInt8(ascii: "\n"))
            if shape.isCounter && writer.format == .openMetrics {
                writer.writeCreated(shape.text.created, labels, nanoseconds: created)
            }
        }
    }

    private func write(_ histogram: Histogram, _ labels: [UInt8], to writer: inout ExpositionWriter, created: UInt64) {
        labels.withUnsafeBytes { labels in
            var count: UInt64 = 0
            for (bucket, inBucket) in histogram.bucketCounts.enumerated() {
                count += inBucket
                writer.writeBucket(shape.text, labels, bucket, count)
                writer.write(UInt8(ascii: "\n"))
            }
            writer.writeEnd(ofHistogram: shape, labels, sum: histogram.sum, count: count, created: created)
        }
    }
}
