import Configuration

extension MultilineSettings {
    init?(reading object: ConfigurationObject, maximumLineBytes: Int) {
        if !object.has("start") && !object.has("continuation") {
            object.node.tell(
                "`\(object.node.path)` has neither `start` nor `continuation`; one of them is required.",
                hint: "For example: start: \"^[0-9]{4}-[0-9]{2}-[0-9]{2} \", or continuation: \"^[[:space:]]\"")
        }
        start = object["start"]?.linePattern()
        continuation = object["continuation"]?.linePattern()
        maximumLines = object["max_lines"]?.integer(in: 2...100_000) ?? Self.defaultMaximumLines
        maximumBytes = object["max_bytes"]?.size(in: 1 << 10...16 << 20).map(Int.init) ?? maximumLineBytes
        timeoutNanoseconds = object["timeout"]?.duration(in: 10_000_000...3_600_000_000_000) ?? Self.defaultTimeoutNanoseconds
        if start == nil && continuation == nil { return nil }
        if let start, continuation == nil, !start.hasPrefix("^") {
            object.node.warn(
                "`\(object.node.path.appending("start"))` matches anywhere in a line, so a line that only mentions it begins an entry.",
                hint: "Begin it with `^`.")
        }
    }
}

extension ConfigurationNode {
    /// A regular expression that each line is compared with.
    fileprivate func linePattern() -> String? {
        guard let text = regularExpression() else { return nil }
        do throws(BytePatternError) {
            let pattern = try BytePattern(text)
            let matchesEmpty =
                [UInt8]().withUnsafeBytes { pattern.matches($0) }
                && " x".utf8.withContiguousStorageIfAvailable {
                    pattern.matches(UnsafeRawBufferPointer($0))
                } ?? false
            if matchesEmpty { warn("`\(path)` is \"\(text)\", which matches every line.") }
            return text
        } catch {
            tell("`\(path)`: \(error)")
            return nil
        }
    }
}
