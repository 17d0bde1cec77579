/// What never changes about a family, with the texts that an exposition repeats: rendered once.
final class FamilyShape: Sendable {
    let definition: FamilyDefinition
    let labelCount: Int
    let isCounter: Bool
    let isGauge: Bool
    let expires: Bool
    let allowsNegativeValues: Bool
    let bounds: [Double]
    let text: FamilyText
    /// `method="`, `endpoint="`, …
    private let labelOpenings: [[UInt8]]
    /// The key of the series that takes what no longer fits: `__overflow__` for each label.
    let overflowKey: [UInt8]

    var isHistogram: Bool { !isCounter && !isGauge }

    init(_ definition: FamilyDefinition) {
        self.definition = definition
        labelCount = definition.labelNames.count
        isCounter = definition.kind == .counter
        isGauge = definition.kind == .gauge
        expires = definition.idleTimeoutNanoseconds != nil
        if case .histogram(let bounds) = definition.kind { self.bounds = bounds } else { bounds = [] }
        allowsNegativeValues = bounds.first.map { $0 < 0 } ?? false
        text = FamilyText(definition)
        labelOpenings = definition.labelNames.map { Array("\($0)=\"".utf8) }
        var key = SeriesKey()
        for _ in definition.labelNames { key.append("__overflow__") }
        overflowKey = Array(key.bytes)
    }

    /// The first bucket whose upper bound is not below `value`; the last one is `+Inf`.
    @inline(__always)
    func bucket(of value: Double) -> Int {
        bounds.withUnsafeBufferPointer { bounds in
            if bounds.count <= 32 {
                // Without branches: for so few it beats halving.
                var below = 0
                for bound in bounds { below += bound < value ? 1 : 0 }
                return below
            }
            var low = 0
            var high = bounds.count
            while low < high {
                let middle = (low + high) / 2
                if bounds[middle] < value { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Appends `a="x",b="y"` for the values of `key`.
    func appendLabels(of key: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        let whole = SeriesKey.forEachValue(in: key, valueCount: labelCount) { position, value in
            if position > 0 { text.append(UInt8(ascii: ",")) }
            text.append(contentsOf: labelOpenings[position])
            TextEscaping.appendLabelValue(value, to: &text)
            text.append(UInt8(ascii: "\""))
        }
        precondition(whole, "a series key has one value for each label")
    }

    /// The same from texts.
    func labels(of values: [String]) -> [UInt8] {
        var key = SeriesKey()
        for value in values { key.append(value) }
        var text: [UInt8] = []
        appendLabels(of: key.bytes, to: &text)
        return text
    }
}
