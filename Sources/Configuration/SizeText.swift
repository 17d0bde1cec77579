/// Amounts of bytes as people write them: `256KiB`, `1MiB`, `10GB`, `512`.
package enum SizeText {
    private static let units: [(name: String, bytes: UInt64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000),
        ("MB", 1_000_000), ("KB", 1_000), ("kB", 1_000), ("B", 1),
    ]

    /// Bytes; nil for anything else than one number with a unit or without one. `1.5MiB` is allowed where it is whole bytes.
    package static func parse(_ text: String) -> UInt64? {
        var rest = Substring(text)
        guard let number = QuantityText.number(from: &rest) else { return nil }
        if rest.first == " " { rest = rest.dropFirst() }
        if rest.isEmpty { return number.multiplied(by: 1) }
        guard let unit = units.first(where: { $0.name == rest }) else { return nil }
        return number.multiplied(by: unit.bytes)
    }

    /// The same amount, in the largest binary unit that divides it: `64KiB`.
    package static func text(_ bytes: UInt64) -> String {
        for unit in units.prefix(4) where bytes >= unit.bytes && bytes % unit.bytes == 0 { return "\(bytes / unit.bytes)\(unit.name)" }
        return "\(bytes)"
    }
}
