import Configuration

extension LineEnvelope {
    /// The envelope that `format` names; nil where that names a format of lines.
    static func read(_ object: ConfigurationObject) -> LineEnvelope? {
        guard let value = object["format"]?.value else { return nil }
        return allCases.first { value == .string($0.rawValue) }
    }
}
