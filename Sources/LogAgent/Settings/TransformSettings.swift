import Configuration

/// One step of `transforms`: what is done with lines between parsing and shipping. Metrics are derived before, from every line as it
/// stands in its file, unless the step says otherwise.
struct TransformSettings: Equatable, Sendable {
    enum Action: Equatable, Sendable {
        /// Lines for which the conditions hold are not shipped.
        case drop
        /// Only lines for which the conditions hold are shipped.
        case keep
        case redact(RedactSettings)
        case truncate(TruncateSettings)
        case sample(SampleSettings)
        case limit(LimitSettings)
        case dedupe(DedupeSettings)
        case rename([FieldRename])
        /// New members, in the order of the configuration.
        case add([NamedTemplate])
        /// Dotted paths.
        case remove([String])
        case route(RouteSettings)

        /// The key of the step in the configuration.
        var key: String {
            switch self {
            case .drop: "drop"
            case .keep: "keep"
            case .redact: "redact"
            case .truncate: "truncate"
            case .sample: "sample"
            case .limit: "limit"
            case .dedupe: "dedupe"
            case .rename: "rename"
            case .add: "add"
            case .remove: "remove"
            case .route: "route"
            }
        }
    }

    /// The label `transform` of what is counted: as configured, else the step's position and key, `0_drop`.
    var name: String
    /// nil: of all sources.
    var sources: [String]?
    /// All must hold. Empty: for every line.
    var conditions: [FieldCondition]
    var isBeforeMetrics: Bool
    var action: Action

    func applies(toSource name: String) -> Bool { sources.map { $0.contains(name) } ?? true }
}

struct RedactSettings: Equatable, Sendable {
    enum Replacement: Equatable, Sendable {
        case text(String)
        /// The value's hash with this key.
        case hash(key: Secret)
    }

    /// Dotted paths; their whole values are replaced.
    var fields: [String]
    var patterns: [RedactionPattern]
    var replacement: Replacement
}

enum RedactionPattern: Equatable, Sendable {
    case bearer, urlPassword, email, ipv4, ipv6, creditCard
    case own(name: String, regex: RegexProgram)

    /// As it stands in the configuration and in the label `pattern`.
    var name: String {
        switch self {
        case .bearer: "bearer"
        case .urlPassword: "url_password"
        case .email: "email"
        case .ipv4: "ipv4"
        case .ipv6: "ipv6"
        case .creditCard: "credit_card"
        case .own(let name, _): name
        }
    }

    static let builtIn: [RedactionPattern] = [.bearer, .urlPassword, .email, .ipv4, .ipv6, .creditCard]
}

struct TruncateSettings: Equatable, Sendable {
    var maximumBytes: Int
    /// Dotted paths of texts that are cut, each; empty: the line is.
    var fields: [String]
}

struct SampleSettings: Equatable, Sendable {
    /// Of lines that stay, above 0 and at most 1.
    var ratio: Double
    /// How many lines one that stays stands for.
    var weight: Double
    /// Lines with one value stay or go together; nil, or without that field: by the whole line.
    var key: String?
}

struct LimitSettings: Equatable, Sendable {
    var perSecond: Double
    var burst: Double
    /// Each value has a limit of its own; nil: one for the file.
    var key: String?
    var maximumKeys: Int
}

struct DedupeSettings: Equatable, Sendable {
    /// Lines with the same values of all are the same; empty: the whole line is compared.
    var fields: [String]
    var windowNanoseconds: UInt64
    var maximumKeys: Int
}

struct FieldRename: Equatable, Sendable {
    /// Dotted path.
    var field: String
    /// The member's name in the object that it stands in.
    var name: String
}

struct RouteSettings: Equatable, Sendable {
    /// Positions among the outputs; nil: all.
    var outputs: [Int]?
    var tenant: FieldTemplate?
}
