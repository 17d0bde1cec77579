import Configuration

extension LineFormat {
    /// The format that `key` of a source names, with the settings that go with it; nil where there is none, or none that can be used.
    static func read(_ object: ConfigurationObject, _ key: String = "format") -> LineFormat? {
        let name = object[key]?.choice(among: names, later: ["logfmt", "pattern", "regex", "docker", "cri", "syslog"])
        return switch name {
        case "json": .json
        case "text": .text
        default: nil
        }
    }
}
