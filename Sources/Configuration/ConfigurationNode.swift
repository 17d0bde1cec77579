/// One value of a file, with its place. Reading it gives a typed value, or nil after telling the problem; reading goes on.
package struct ConfigurationNode {
    package let value: ConfigurationValue
    package let path: ConfigurationPath
    package let file: ConfigurationFile
    package let environment: (String) -> String?
    package let problems: ConfigurationProblems

    package var isNull: Bool { value == .null }

    /// A text, with environment variables put in.
    package func string() -> String? {
        guard case .string(let text) = value else {
            refuse("use a text in quotes")
            return nil
        }
        return resolved(text)
    }

    /// One of the texts that `Choice` knows.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type = Choice.self
    ) -> Choice? where Choice.RawValue == String {
        choice(among: Choice.allCases.map(\.rawValue)).flatMap { Choice(rawValue: $0) }
    }

    /// One of `names`. One of `later` is told apart: it is a good idea, but not there yet.
    package func choice(among names: [String], later: [String] = []) -> String? {
        guard case .string(let raw) = value else {
            refuse("use one of \(Self.list(names))")
            return nil
        }
        guard let text = resolved(raw) else { return nil }
        if names.contains(text) { return text }
        if later.contains(text) {
            tell("`\(path)` is \(ConfigurationValue.quoted(text)), which is not supported yet; supported: \(Self.list(names)).")
        } else {
            refuse(
                found: text, "use \(names.count == 1 ? "" : "one of ")\(Self.list(names))",
                hint: Suggestion.nearest(to: text, among: names).map { "Did you mean \(ConfigurationValue.quoted($0))?" })
        }
        return nil
    }

    package func bool() -> Bool? {
        if case .bool(let value) = value { return value }
        refuse("use true or false")
        return nil
    }

    /// A finite number, also as the text of an environment variable.
    package func number(in range: ClosedRange<Double>? = nil) -> Double? {
        let allowed =
            range.map { " from \(ConfigurationValue.text(of: $0.lowerBound)) to \(ConfigurationValue.text(of: $0.upperBound))" } ?? ""
        guard let number = plainNumber(or: "use a number\(allowed)") else { return nil }
        if let range, !range.contains(number) {
            refuse("use a number\(allowed)")
            return nil
        }
        return number
    }

    package func integer(in range: ClosedRange<Int>) -> Int? {
        let expected = "use a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let number = plainNumber(or: expected) else { return nil }
        guard let integer = Int(exactly: number), range.contains(integer) else {
            refuse(expected)
            return nil
        }
        return integer
    }

    /// Nanoseconds.
    package func duration(in range: ClosedRange<UInt64>) -> UInt64? {
        let expected =
            "use a duration such as \"\(DurationText.text(max(range.lowerBound, min(range.upperBound, 10_000_000_000))))\","
            + " from \(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
        guard case .string(let raw) = value else {
            let unit: String? = if case .number(let number) = value { ConfigurationValue.text(of: number) } else { nil }
            refuse(expected, hint: unit.map { "A duration has a unit: \"\($0)s\" or \"\($0)ms\"." })
            return nil
        }
        guard let text = resolved(raw) else { return nil }
        guard let nanoseconds = DurationText.parse(text), range.contains(nanoseconds) else {
            let isUnreadable = DurationText.parse(text) == nil
            refuse(found: text, expected, hint: isUnreadable ? "Units: ns, us, ms, s, m, h, d; as in \"1m30s\"." : nil)
            return nil
        }
        return nanoseconds
    }

    /// Bytes.
    package func size(in range: ClosedRange<UInt64>) -> UInt64? {
        let expected =
            "use a size such as \"\(SizeText.text(max(range.lowerBound, min(range.upperBound, 1 << 20))))\","
            + " from \(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound))"
        let bytes: UInt64?
        var isUnreadable = false
        var found: String?
        switch value {
        case .number(let number): bytes = UInt64(exactly: number)
        case .string(let raw):
            guard let text = resolved(raw) else { return nil }
            bytes = SizeText.parse(text)
            isUnreadable = bytes == nil
            found = text
        default: bytes = nil
        }
        guard let bytes, range.contains(bytes) else {
            refuse(found: found, expected, hint: isUnreadable ? "Units: B, KiB, MiB, GiB, TiB, and kB, MB, GB, TB of 1000." : nil)
            return nil
        }
        return bytes
    }

    /// The elements of a list.
    package func elements() -> [ConfigurationNode]? {
        guard case .array(let values) = value else {
            refuse("use a list: […]")
            return nil
        }
        return children(values)
    }

    /// The elements of a list, or the value itself where it is none.
    package func elementsOrSelf() -> [ConfigurationNode] {
        if case .array(let values) = value { children(values) } else { [self] }
    }

    /// Every member in the order of the file, for objects whose keys are free.
    package func members() -> [(key: String, node: ConfigurationNode)]? {
        guard case .object(let values) = value else {
            refuse("use an object: {…}")
            return nil
        }
        return values.map { (key: $0.key, node: child($0.value, path.appending($0.key))) }.sorted { left, right in
            let places = (file.place(of: left.node.path)?.key.lowerBound ?? 0, file.place(of: right.node.path)?.key.lowerBound ?? 0)
            return places.0 == places.1 ? left.key < right.key : places.0 < places.1
        }
    }

    /// One member by its key, for telling a problem there; null where there is none.
    package func member(_ key: String) -> ConfigurationNode {
        if case .object(let values) = value, let member = values[key] { return child(member, path.appending(key)) }
        return child(.null, path.appending(key))
    }

    /// This object with the members of `base` that it does not name itself; one that it has as null is left out. Problems of members
    /// are told at their places in this file; those of `base` were told where they stand.
    package func overlaid(on base: ConfigurationNode) -> ConfigurationNode {
        guard case .object(let own) = value, case .object(let inherited) = base.value else { return self }
        let merged = inherited.merging(own) { $1 }.filter { $0.value != .null }
        return ConfigurationNode(value: .object(merged), path: path, file: file, environment: environment, problems: problems)
    }

    /// Reads an object whose keys are known: keys that `read` did not ask for are told as unknown, required ones that are not there as missing.
    package func object<Result>(_ read: (ConfigurationObject) -> Result) -> Result? {
        guard case .object(let values) = value else {
            refuse("use an object: {…}")
            return nil
        }
        let object = ConfigurationObject(self, members: values)
        let result = read(object)
        object.tellUnknownAndMissingKeys()
        return result
    }

    // Problems

    /// Tells that the value is not what is allowed: "`path` is 12; use …."
    package func refuse(_ expected: String, hint: String? = nil) {
        refuse(found: nil, expected, hint: hint)
    }

    /// The same, where what was found is a text with variables put in. A text that came from a variable is not repeated:
    /// it may be a secret.
    package func refuse(found: String?, _ expected: String, hint: String? = nil) {
        if path.steps.isEmpty {
            tell("The file holds \(value.found); \(expected).", hint: hint)
        } else {
            let shown: String =
                if case .string(let raw) = value, Interpolation.isNeeded(in: raw) {
                    "\(ConfigurationValue.quoted(raw)) with its variables put in"
                } else {
                    found.map(ConfigurationValue.quoted) ?? value.found
                }
            tell("`\(path)` is \(shown); \(expected).", hint: hint)
        }
    }

    package enum Part { case key, value }

    /// Tells a problem at this place.
    package func tell(
        _ message: String, hint: String? = nil, severity: ConfigurationProblem.Severity = .error, at part: Part = .value,
        hidingLine: Bool = false
    ) {
        if hidingLine { hideLines() }
        let place = file.place(of: path)
        let range = part == .key ? place?.key : place?.value
        problems.add(
            ConfigurationProblem(
                severity, file: file.name, position: range.map { file.text.position(of: $0.lowerBound) }, message: message, hint: hint,
                line: range.map { file.text.line(around: $0.lowerBound) },
                length: range.map { file.text.shownLength(of: $0) } ?? 1))
    }

    /// Keeps the lines that this value stands in out of all problems: it is, or may be, a secret.
    package func hideLines() {
        guard let place = file.place(of: path) else { return }
        let lines = file.text.position(of: place.key.lowerBound).line...file.text.position(of: place.value.upperBound).line
        problems.hideLines(lines, ofFile: file.name)
    }

    package func warn(_ message: String, hint: String? = nil, at part: Part = .value) {
        tell(message, hint: hint, severity: .warning, at: part)
    }

    /// `"a", "b" or "c"`.
    package static func list(_ names: [String]) -> String {
        let quoted = names.map(ConfigurationValue.quoted)
        guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "nothing" }
        return quoted.dropLast().joined(separator: ", ") + " or " + last
    }

    // Details

    private func plainNumber(or expected: String) -> Double? {
        switch value {
        case .number(let number) where number.isFinite: return number
        case .string(let raw) where Interpolation.isNeeded(in: raw):
            guard let text = resolved(raw) else { return nil }
            if let number = Double(text), number.isFinite { return number }
            refuse(found: text, expected)
        case .string(let text) where Double(text) != nil: refuse(expected, hint: "Write it without quotes.")
        default: refuse(expected)
        }
        return nil
    }

    private func resolved(_ text: String) -> String? {
        guard Interpolation.isNeeded(in: text) else { return text }
        do throws(Interpolation.Failure) {
            return try Interpolation.resolve(text, environment: environment)
        } catch {
            switch error {
            case .unset(let name):
                tell(
                    "`\(path)` needs the environment variable \(name), which is not set.",
                    hint: "Set it, or give a default: ${\(name):-default}.")
            case .unclosed:
                tell("`\(path)` has a `${` without its `}`.", hint: "Write `$${` for the two characters themselves.")
            case .badName(let name):
                tell(
                    "`\(path)` has `${\(name)}`; use ${NAME} or ${NAME:-default} with letters, digits and `_`.",
                    hint: "Write `$${` for the two characters themselves.")
            case .tooLong:
                tell("`\(path)` grows beyond \(SizeText.text(UInt64(Interpolation.maximumBytes))) with its variables put in.")
            }
            return nil
        }
    }

    private func children(_ values: [ConfigurationValue]) -> [ConfigurationNode] {
        values.enumerated().map { child($0.element, path.appending($0.offset)) }
    }

    func child(_ value: ConfigurationValue, _ path: ConfigurationPath) -> ConfigurationNode {
        ConfigurationNode(value: value, path: path, file: file, environment: environment, problems: problems)
    }
}
