import Configuration

extension TimestampSettings {
    init?(reading object: ConfigurationObject) {
        let field = object.required("field", "\"timestamp\"")?.fieldPath()
        let format = object["format"].map { $0.timestampFormat() } ?? .rfc3339
        guard let field, let format else { return nil }
        self.init(field: field, format: format)
    }
}

extension ConfigurationNode {
    fileprivate func timestampFormat() -> TimestampFormat? {
        guard let text = string() else { return nil }
        let names: [(String, TimestampFormat)] = [
            ("rfc3339", .rfc3339), ("unix", .unix), ("unix_ms", .unixMilliseconds), ("unix_us", .unixMicroseconds),
            ("unix_ns", .unixNanoseconds),
        ]
        if let known = names.first(where: { $0.0 == text }) { return known.1 }
        guard text.contains("%") else {
            refuse(
                found: text, "use \(names.map { "\"\($0.0)\"" }.joined(separator: ", ")) or a pattern such as \"%Y-%m-%d %H:%M:%S\"",
                hint: Suggestion.nearest(to: text, among: names.map(\.0)).map { "Did you mean \"\($0)\"?" })
            return nil
        }
        do throws(TimestampPatternError) {
            _ = try TimestampPattern(text)
            return .pattern(text)
        } catch {
            tell("`\(path)` is \(ConfigurationValue.quoted(text)). \(error)")
            return nil
        }
    }
}
