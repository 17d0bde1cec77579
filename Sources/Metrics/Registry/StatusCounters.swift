/// A counter for each HTTP status that is expected, and one for all others. All are there at 0 from the start.
package struct StatusCounters: Sendable {
    private let expected: [Int: Counter]
    private let other: Counter

    /// `make` gives the counter of a value of the label: the status, `none` for status 0, which is no answer, or `other`.
    package init(
        _ statuses: [Int], _ make: (String) throws(MetricDeclarationError) -> Counter
    ) throws(MetricDeclarationError) {
        var expected: [Int: Counter] = [:]
        for status in statuses { expected[status] = try make(status == 0 ? "none" : String(status)) }
        self.expected = expected
        other = try make("other")
    }

    package func increment(_ status: Int) { (expected[status] ?? other).increment() }
}
