/// Spans of time as people write them: `250ms`, `1m30s`, `24h`, `7d`.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
        ("us", 1_000), ("µs", 1_000), ("ns", 1),
    ]

    /// Nanoseconds; nil for anything else than numbers with units, largest unit first, each unit once. `1.5s` is allowed.
    package static func parse(_ text: String) -> UInt64? {
        var rest = Substring(text)
        var total: UInt64 = 0
        var smallest = UInt64.max
        if rest.isEmpty { return nil }
        if rest == "0" { return 0 }
        while !rest.isEmpty {
            guard let number = QuantityText.number(from: &rest) else { return nil }
            let name = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
            rest = rest.dropFirst(name.count)
            guard let unit = units.first(where: { $0.name == name }), unit.nanoseconds < smallest else { return nil }
            smallest = unit.nanoseconds
            guard let part = number.multiplied(by: unit.nanoseconds) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow { return nil }
            total = sum
        }
        return total
    }

    /// The same span, as short as it can be written: `1m30s`.
    package static func text(_ nanoseconds: UInt64) -> String {
        if nanoseconds == 0 { return "0s" }
        var rest = nanoseconds
        var text = ""
        for unit in units where unit.name != "µs" && rest >= unit.nanoseconds {
            text += "\(rest / unit.nanoseconds)\(unit.name)"
            rest %= unit.nanoseconds
        }
        return text
    }
}
