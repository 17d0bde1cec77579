import OTLP

/// Policies, ready to decide. A trace is kept by the first that says so. A pure value.
struct SamplingRules: Sendable {
    private indirect enum Rule: Sendable {
        case always
        case errors
        case latency(UInt64)
        case attribute(bit: UInt64)
        /// Kept where the hash of the id is below.
        case probabilistic(UInt64)
        case rateLimit(bucket: Int)
        case and([Rule])
        case or([Rule])
    }

    /// An attribute that a policy asks for.
    struct WantedAttribute: Equatable, Sendable {
        let key: [UInt8]
        /// As texts; empty: any.
        let values: [[UInt8]]
    }

    /// How many policies may ask for attributes.
    static let maximumAttributes = 64

    private var rules: [(rule: Rule, name: String)] = []
    private(set) var attributes: [WantedAttribute] = []
    private var buckets: [TokenBucket] = []

    init(_ policies: [SamplingPolicy]) {
        for policy in policies { rules.append((compile(policy), policy.name)) }
    }

    private mutating func compile(_ policy: SamplingPolicy) -> Rule {
        switch policy {
        case .always: return .always
        case .errors: return .errors
        case .latency(let threshold): return .latency(threshold)
        case .attribute(let key, let values):
            let wanted = WantedAttribute(key: Array(key.utf8), values: values.map { Array($0.utf8) })
            if let known = attributes.firstIndex(of: wanted) { return .attribute(bit: 1 << UInt64(known)) }
            guard attributes.count < Self.maximumAttributes else { return .or([]) }
            attributes.append(wanted)
            return .attribute(bit: 1 << UInt64(attributes.count - 1))
        case .probabilistic(let ratio):
            return .probabilistic(ratio >= 1 ? .max : UInt64(max(0, ratio) * 18_446_744_073_709_551_616))
        case .rateLimit(let rate):
            buckets.append(TokenBucket(perSecond: rate))
            return .rateLimit(bucket: buckets.count - 1)
        case .and(let policies): return .and(policies.map { compile($0) })
        case .or(let policies): return .or(policies.map { compile($0) })
        }
    }

    /// The name of the policy that keeps the trace; nil where none does. Policies without a limit on their rate are asked first, so that
    /// none of it is used up for traces that are kept anyway.
    mutating func decide(_ facts: TraceFacts, now: UInt64) -> String? {
        if let name = early(facts) { return name }
        for (rule, name) in rules where Self.isLimited(rule) && holds(rule, facts, now: now) { return name }
        return nil
    }

    /// The same as far as what is known now is enough: whatever comes later can't change it.
    func early(_ facts: TraceFacts) -> String? {
        for (rule, name) in rules where !Self.isLimited(rule) && Self.holds(rule, facts) { return name }
        return nil
    }

    private static func isLimited(_ rule: Rule) -> Bool {
        switch rule {
        case .rateLimit: true
        case .and(let rules), .or(let rules): rules.contains(where: isLimited)
        case .always, .errors, .latency, .attribute, .probabilistic: false
        }
    }

    private mutating func holds(_ rule: Rule, _ facts: TraceFacts, now: UInt64) -> Bool {
        switch rule {
        case .rateLimit(let bucket): return buckets[bucket].take(now: now)
        case .and(let rules):
            // Limits last: what another condition refuses uses up nothing.
            for rule in rules where !Self.isLimited(rule) && !Self.holds(rule, facts) { return false }
            for rule in rules where Self.isLimited(rule) && !holds(rule, facts, now: now) { return false }
            return !rules.isEmpty
        case .or(let rules):
            for rule in rules where !Self.isLimited(rule) && Self.holds(rule, facts) { return true }
            for rule in rules where Self.isLimited(rule) && holds(rule, facts, now: now) { return true }
            return false
        default: return Self.holds(rule, facts)
        }
    }

    private static func holds(_ rule: Rule, _ facts: TraceFacts) -> Bool {
        switch rule {
        case .always: true
        case .errors: facts.hasError
        case .latency(let threshold): facts.durationNanoseconds >= threshold
        case .attribute(let bit): facts.attributes & bit != 0
        case .probabilistic(let threshold): hash(facts.trace) < threshold || threshold == .max
        case .and(let rules): !rules.isEmpty && rules.allSatisfy { holds($0, facts) }
        case .or(let rules): rules.contains { holds($0, facts) }
        case .rateLimit: false
        }
    }

    /// Spreads ids evenly that are not random themselves (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
    static func hash(_ trace: TraceKey) -> UInt64 {
        var mixed = trace.low ^ (trace.high &* 0x9E37_79B9_7F4A_7C15)
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}

/// Lets so many through in a second on average, and that many at once.
struct TokenBucket: Equatable, Sendable {
    private let perSecond: Double
    private var tokens: Double
    private var filledAt: UInt64?

    init(perSecond: Double) {
        self.perSecond = perSecond
        tokens = max(1, perSecond)
    }

    /// `now` on the monotonic clock.
    mutating func take(now: UInt64) -> Bool {
        if let filledAt, now > filledAt { tokens = min(max(1, perSecond), tokens + Double(now - filledAt) / 1e9 * perSecond) }
        filledAt = max(now, filledAt ?? 0)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
