extension ConfigurationNode {
    /// Patterns of files, a list or one. `allowingNames`: one without a slash matches the file's name.
    package func globs(allowingNames: Bool) -> [String] {
        let elements = elementsOrSelf()
        if elements.isEmpty && !allowingNames { refuse("name at least one pattern") }
        return elements.compactMap { $0.glob(allowingNames: allowingNames) }
    }

    private func glob(allowingNames: Bool) -> String? {
        guard let pattern = string() else { return nil }
        if pattern.isEmpty || pattern.utf8.contains(0) {
            refuse("use a pattern")
        } else if !pattern.hasPrefix("/") && !(allowingNames && !pattern.contains("/")) {
            refuse(
                found: pattern,
                allowingNames ? "use a file name pattern without `/`, or an absolute path" : "use an absolute path: it starts with `/`")
        } else if pattern.hasSuffix("/") {
            refuse(found: pattern, "name files, not a directory", hint: "All files in it: \"\(pattern)*\".")
        } else if let problem = Self.globProblem(pattern) {
            refuse(found: pattern, problem)
        } else {
            return pattern
        }
        return nil
    }

    /// A pattern with braces is as many patterns.
    private static let maximumGlobChoices = 256

    private static func globProblem(_ pattern: String) -> String? {
        var isInBraces = false
        var choices = 1
        var choicesInBraces = 1
        var bytes = Array(pattern.utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\\"):
                if bytes.popFirst() == nil { return "a backslash at the end escapes nothing" }
            case UInt8(ascii: "["):
                // `[]…]` and `[!]…]` hold a bracket.
                var inside = bytes
                if inside.first == UInt8(ascii: "!") || inside.first == UInt8(ascii: "^") { inside = inside.dropFirst() }
                guard let end = inside.dropFirst().firstIndex(of: UInt8(ascii: "]")) else { return "close the `[`, or write `\\\\[`" }
                bytes = bytes[(end + 1)...]
            case UInt8(ascii: "{"):
                if isInBraces { return "braces cannot stand inside braces" }
                isInBraces = true
                choicesInBraces = 1
            case UInt8(ascii: ",") where isInBraces: choicesInBraces += 1
            case UInt8(ascii: "}"):
                if isInBraces { choices *= choicesInBraces }
                isInBraces = false
                if choices > maximumGlobChoices { return "use at most \(maximumGlobChoices) choices by braces" }
            default: break
            }
        }
        return isInBraces ? "close the `{`" : nil
    }
}
