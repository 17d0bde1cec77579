/// A profile whose addresses have names.
package struct NamedProfile {
    let profile: CPUProfile
    let symbols: SymbolTable
    /// Each different stack, leaf first: addresses of instructions, of which a caller's is within its call.
    let stacks: [(addresses: [UInt], count: Int)]

    /// To be made in the process that was sampled, soon after.
    package init(_ profile: CPUProfile) {
        self.profile = profile
        var counts: [[UInt]: Int] = [:]
        for (stack, count) in profile.samples {
            // A return address may already belong to the next function.
            let addresses = stack.addresses.enumerated().map { $0.offset == 0 ? $0.element : $0.element &- 1 }
            counts[addresses, default: 0] += count
        }
        stacks = counts.map { ($0.key, $0.value) }.sorted { ($0.count, $1.addresses.count) > ($1.count, $0.addresses.count) }
        symbols = SymbolTable(Set(stacks.flatMap(\.addresses)))
    }

    /// One line for each different stack: names from the outermost to the leaf, joined by `;`, a blank, and how often it was seen
    /// (the input of flame graph programs). The most frequent first.
    package var folded: String {
        var counts: [String: Int] = [:]
        for (addresses, count) in stacks {
            counts[addresses.reversed().map { Self.frameText(symbols[$0].name) }.joined(separator: ";"), default: 0] += count
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)\n" }.joined()
    }

    private static func frameText(_ name: String) -> String {
        String(name.map { $0 == ";" || $0.isNewline ? " " : $0 })
    }
}
