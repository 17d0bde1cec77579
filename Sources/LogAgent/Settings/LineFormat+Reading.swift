import Configuration

extension LineFormat {
    /// The format that `key` of a source names, with the settings that go with it; nil where there is none, or none that can be used.
    static func read(_ object: ConfigurationObject, _ key: String = "format") -> LineFormat? {
        // An envelope is read by who calls, and what is in one has none.
        let envelopes = key == "format" ? LineEnvelope.allCases.map(\.rawValue) : []
        let name = object[key]?.choice(among: names + envelopes, later: ["logfmt", "pattern", "regex", "syslog"])
        return switch name {
        case "json": .json
        case "text": .text
        default: nil
        }
    }
}
