import Configuration

extension LineFormat {
    /// The format that `key` of a source names, with the settings that go with it; nil where there is none, or none that can be used.
    static func read(_ object: ConfigurationObject, _ key: String = "format") -> LineFormat? {
        // An envelope is read by who calls, and what is in one has none.
        let envelopes = key == "format" ? LineEnvelope.allCases.map(\.rawValue) : []
        return switch object[key]?.choice(among: names + envelopes) {
        case "json": .json
        case "logfmt": .logfmt
        case "syslog": .syslog
        case "text": .text
        case "pattern":
            object.required("pattern", #""<ip> - <_> [<time>] \"<method> <path> <_>\" <status> <_>""#)?.linePattern().map(
                LineFormat.pattern)
        case "regex":
            object.required("regex", #""^(?P<time>\\S+ \\S+) (?P<level>[A-Z]+) (?P<message>.*)""#)?.regexProgram().map(LineFormat.regex)
        default: nil
        }
    }

    /// Tells settings of a format that none of `keys` names.
    static func tellMisplaced(_ object: ConfigurationObject, formatKeys keys: [String] = ["format"]) {
        let named = keys.compactMap { object[$0]?.value }
        for setting in ["pattern", "regex"] where !named.contains(.string(setting)) {
            object.misplaced(setting, "it goes with the format \"\(setting)\"")
        }
    }
}

extension ConfigurationNode {
    private static let maximumPatternBytes = 4096

    func linePattern() -> LinePattern? {
        guard let text = shortText() else { return nil }
        do throws(LinePatternError) {
            return try LinePattern(text)
        } catch {
            tell("`\(path)` is \(ConfigurationValue.quoted(text)). \(error)")
            return nil
        }
    }

    /// A regular expression, with named groups unless it is only to be searched for.
    func regexProgram(needsNames: Bool = true) -> RegexProgram? {
        guard let text = shortText() else { return nil }
        do throws(RegexError) {
            return try RegexProgram(text, needsNames: needsNames)
        } catch {
            let hint = text.contains("\\") ? nil : "In a JSON5 text a backslash is written twice: \"\\\\d+\"."
            tell("`\(path)` is \(ConfigurationValue.quoted(text)). \(error)", hint: hint)
            return nil
        }
    }

    private func shortText() -> String? {
        guard let text = string() else { return nil }
        if text.utf8.count <= Self.maximumPatternBytes { return text }
        refuse(found: text, "use at most \(Self.maximumPatternBytes) bytes")
        return nil
    }
}
