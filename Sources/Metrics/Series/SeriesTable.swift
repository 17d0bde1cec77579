/// All families that are derived from lines, with their series. Not Sendable: the caller holds a lock around every call, and gives
/// the time, in nanoseconds since 1970.
package final class SeriesTable {
    package private(set) var families: [MetricFamily] = []
    private var names = SampleNames()
    private var reportedOverflows: Set<String> = []

    package init() {}

    /// Adds a family; its initial series are there at once, one without labels too.
    package func declare(_ definition: FamilyDefinition, now: UInt64) throws(MetricDeclarationError) -> MetricFamily {
        try definition.validate()
        try names.claim(definition)
        let family = MetricFamily(definition, now: now)
        families.append(family)
        return family
    }

    /// Removes what was idle for longer than its family allows; returns how many series went.
    package func expire(now: UInt64) -> Int {
        families.reduce(0) { $0 + $1.expire(now: now) }
    }

    /// Families that overflowed for the first time since the last call: each is reported once.
    package func takeOverflowReports() -> [OverflowReport] {
        families.compactMap(\.overflow).filter { reportedOverflows.insert($0.family).inserted }
    }

    /// Copies all values, for rendering or saving them without the lock: a few `memcpy` a family; label texts are shared.
    package func capture(into capture: inout SeriesCapture) {
        while capture.families.count > families.count { capture.families.removeLast() }
        for (position, family) in families.enumerated() {
            if position == capture.families.count { capture.families.append(CapturedFamily(family.shape)) }
            family.copy(into: &capture.families[position])
        }
    }
}
