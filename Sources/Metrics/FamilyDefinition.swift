/// What one metric family is, declared once; everything in it is checked by ``validate()``.
package struct FamilyDefinition: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// Its name ends in `_total`.
        case counter
        case gauge
        /// Ascending upper bounds, in the unit of the family, without `+Inf`.
        case histogram(bounds: [Double])
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; of a counter with its `_total`.
    package var name: String
    package var help: String
    package var kind: Kind
    /// In the order in which they are written.
    package var labelNames: [String]
    /// Beyond so many series, one overflow series takes what is new.
    package var maximumSeries: Int
    package var keepsExemplars: Bool
    /// A series that was not updated for so long goes away; nil: never.
    package var idleTimeoutNanoseconds: UInt64?
    /// One list of values for each label: all their combinations are there at 0 from the start.
    package var initialLabelValues: [[String]]?

    package init(
        name: String, help: String, kind: Kind, labelNames: [String] = [], maximumSeries: Int = 1000, keepsExemplars: Bool = false,
        idleTimeoutNanoseconds: UInt64? = nil, initialLabelValues: [[String]]? = nil
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labelNames = labelNames
        self.maximumSeries = maximumSeries
        self.keepsExemplars = keepsExemplars
        self.idleTimeoutNanoseconds = idleTimeoutNanoseconds
        self.initialLabelValues = initialLabelValues
    }

    package static let maximumLabels = 64
    package static let maximumBuckets = 256

    /// The family's name as OpenMetrics has it: of a counter without `_total`.
    var baseName: String {
        kind == .counter && name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
    }

    /// The base unit that the name ends in, if it does (wire contract 6.3: `# UNIT` must be the name's suffix).
    var unit: String? {
        Self.units.first { baseName.hasSuffix("_" + $0) }
    }

    private static let units = ["seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams"]

    /// Every name under which a sample may stand.
    var sampleNames: [String] {
        switch kind {
        case .counter: [name, baseName + "_created"]
        case .gauge: [name]
        case .histogram: [name] + ["_bucket", "_sum", "_count", "_created"].map { name + $0 }
        }
    }

    func validate() throws(MetricDeclarationError) {
        guard Self.isName(name, allowsColon: true) else { throw .invalidName(name) }
        if kind == .counter && (!name.hasSuffix("_total") || name.count == "_total".count) { throw .counterWithoutTotal(name) }
        guard labelNames.count <= Self.maximumLabels else { throw .tooManyLabels(family: name, count: labelNames.count) }
        for (position, label) in labelNames.enumerated() {
            guard Self.isName(label, allowsColon: false) else { throw .invalidLabel(family: name, label: label) }
            if label.hasPrefix("__") { throw .reservedLabel(family: name, label: label) }
            if case .histogram = kind, label == "le" { throw .reservedLabel(family: name, label: label) }
            if labelNames[..<position].contains(label) { throw .duplicateLabel(family: name, label: label) }
        }
        if case .histogram(let bounds) = kind { try validate(bounds: bounds) }
        guard maximumSeries >= 1, maximumSeries < Int(Int32.max) else {
            throw .invalidSeriesLimit(family: name, limit: maximumSeries)
        }
        try validateInitialValues()
    }

    private func validate(bounds: [Double]) throws(MetricDeclarationError) {
        guard bounds.count <= Self.maximumBuckets else { throw .tooManyBuckets(family: name, count: bounds.count) }
        for bound in bounds where !bound.isFinite { throw .invalidBucket(family: name, bound: bound) }
        for (lower, upper) in zip(bounds, bounds.dropFirst()) where lower >= upper { throw .invalidBucket(family: name, bound: upper) }
    }

    private func validateInitialValues() throws(MetricDeclarationError) {
        guard let lists = initialLabelValues else { return }
        guard lists.count == labelNames.count else {
            throw .initialValuesMismatch(family: name, lists: lists.count, labels: labelNames.count)
        }
        var combinations = 1
        for list in lists {
            let (product, overflowed) = combinations.multipliedReportingOverflow(by: list.count)
            guard !overflowed, product <= maximumSeries else {
                throw .tooManyInitialSeries(family: name, limit: maximumSeries)
            }
            combinations = product
        }
    }

    private static func isName(_ text: String, allowsColon: Bool) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"): allowsColon
            default: false
            }
        }
    }
}

/// The names in use in one exposition. No two families may have the same name in OpenMetrics, and none may write samples under
/// the name of another's: the counters `jobs_total` and `jobs_created_total` are fine, although the first writes `jobs_created`.
struct SampleNames {
    private var families: [String: String] = [:]
    private var samples: [String: String] = [:]

    mutating func claim(_ definition: FamilyDefinition) throws(MetricDeclarationError) {
        if let owner = families[definition.baseName] {
            throw .nameTaken(name: definition.baseName, family: definition.name, owner: owner)
        }
        for name in definition.sampleNames {
            if let owner = samples[name] { throw .nameTaken(name: name, family: definition.name, owner: owner) }
        }
        families[definition.baseName] = definition.name
        for name in definition.sampleNames { samples[name] = definition.name }
    }
}
