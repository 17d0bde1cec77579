import Configuration

extension TimestampSettings {
    /// `standard`: what a format with a time of its own has where nothing else is set.
    init?(reading object: ConfigurationObject, default standard: TimestampSettings?) {
        let fieldNode = standard == nil ? object.required("field", "\"timestamp\"") : object["field"]
        let field = fieldNode.map { $0.fieldPath() } ?? standard?.field
        let format = object["format"].map { $0.timestampFormat() } ?? standard?.format ?? .rfc3339
        let zoneNode = object["zone"]
        let zone = zoneNode?.timestampZone()
        guard let field, let format else { return nil }
        self.init(field: field, format: format, zone: zone)
        if let zoneNode, format.isUnix { zoneNode.warn("`\(zoneNode.path)` changes nothing: unix time is the same everywhere.") }
    }
}

extension ConfigurationNode {
    fileprivate func timestampFormat() -> TimestampFormat? {
        guard let text = string() else { return nil }
        let names: [(String, TimestampFormat)] = [
            ("rfc3339", .rfc3339), ("syslog", .syslog), ("unix", .unix), ("unix_ms", .unixMilliseconds), ("unix_us", .unixMicroseconds),
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

    /// `"UTC"`, a distance such as `"+02:00"`, or a name such as `"Europe/Berlin"`.
    fileprivate func timestampZone() -> TimestampZone? {
        guard let text = string() else { return nil }
        let distance = Array(text.utf8).withUnsafeBytes { bytes -> Int32? in
            guard let base = bytes.baseAddress else { return nil }
            var cursor = TimestampCursor(base, count: bytes.count)
            guard let offset = cursor.offset(), cursor.isAtEnd else { return nil }
            return offset
        }
        if let distance { return .fixed(distance) }
        do throws(ZoneRulesError) {
            return .rules(try ZoneRules(named: text))
        } catch {
            refuse(found: text, "use \"UTC\", a distance such as \"+02:00\", or a name such as \"Europe/Berlin\" (\(error))")
            return nil
        }
    }
}

extension TimestampFormat {
    fileprivate var isUnix: Bool {
        switch self {
        case .unix, .unixMilliseconds, .unixMicroseconds, .unixNanoseconds: true
        case .rfc3339, .syslog, .pattern: false
        }
    }
}
