/// A metric that can't be declared as asked.
package enum MetricDeclarationError: Error, Equatable, CustomStringConvertible {
    case invalidName(String)
    case counterWithoutTotal(String)
    case tooManyLabels(family: String, count: Int)
    case invalidLabel(family: String, label: String)
    case reservedLabel(family: String, label: String)
    case duplicateLabel(family: String, label: String)
    case tooManyBuckets(family: String, count: Int)
    case invalidBucket(family: String, bound: Double)
    case invalidSeriesLimit(family: String, limit: Int)
    case initialValuesMismatch(family: String, lists: Int, labels: Int)
    case tooManyInitialSeries(family: String, limit: Int)
    case nameTaken(name: String, family: String, owner: String)
    case declaredDifferently(String)
    case tooManySeries(family: String, limit: Int)

    package var description: String {
        switch self {
        case .invalidName(let name):
            "`\(name)` is not a metric name; use letters, digits, `_` and `:`, and no digit first."
        case .counterWithoutTotal(let name):
            "The counter `\(name)` must end in `_total`; call it `\(name == "_total" ? "…" : name)_total`."
        case .tooManyLabels(let family, let count):
            "`\(family)` has \(count) labels; use at most \(FamilyDefinition.maximumLabels)."
        case .invalidLabel(let family, let label):
            "`\(label)` is not a label name (in `\(family)`); use letters, digits and `_`, and no digit first."
        case .reservedLabel(let family, let label):
            "The label `\(label)` of `\(family)` is reserved; give it another name."
        case .duplicateLabel(let family, let label):
            "`\(family)` has the label `\(label)` twice; remove one."
        case .tooManyBuckets(let family, let count):
            "`\(family)` has \(count) buckets; use at most \(FamilyDefinition.maximumBuckets)."
        case .invalidBucket(let family, let bound):
            "The bucket \(bound) of `\(family)` is out of order; use finite numbers in ascending order, without `+Inf`."
        case .invalidSeriesLimit(let family, let limit):
            "`\(family)` may have \(limit) series; use a number from 1 to \(Int32.max - 1)."
        case .initialValuesMismatch(let family, let lists, let labels):
            "`\(family)` has initial values for \(lists) labels but \(labels) labels; give one list for each label."
        case .tooManyInitialSeries(let family, let limit):
            "The initial values of `\(family)` make more than its limit of \(limit) series; raise the limit or name fewer."
        case .nameTaken(let name, let family, let owner):
            "`\(family)` would write lines under `\(name)`, as `\(owner)` does; rename one of them."
        case .declaredDifferently(let name):
            "`\(name)` is already declared with another kind, help or label names; declare it once."
        case .tooManySeries(let family, let limit):
            "`\(family)` already has \(limit) series; use fewer label values."
        }
    }
}
