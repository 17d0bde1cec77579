/// What a time without an offset of its own is in: a fixed distance from UTC, or the rules of a place.
enum TimestampZone: Equatable, Sendable {
    /// Seconds east of Greenwich.
    case fixed(Int32)
    case rules(ZoneRules)

    /// Seconds east of Greenwich at a time of the place's clocks, in seconds since 1970 as if they showed UTC.
    ///
    /// A time that the clocks show twice is the first of the two; one that they skip is as far behind the gap as it is in it.
    func offset(atLocal seconds: Int64) -> Int32 {
        switch self {
        case .fixed(let offset): offset
        case .rules(let rules): rules.offset(atLocal: seconds)
        }
    }
}
