import Configuration
import Glibc

/// Texts that must have a certain form.
extension ConfigurationNode {
    /// A POSIX extended regular expression that compiles.
    func regularExpression() -> String? {
        guard let text = string() else { return nil }
        if text.utf8.contains(0) || text.utf8.count > 4096 {
            refuse(found: text, "use an expression of at most 4096 bytes without NUL")
            return nil
        }
        do throws(RegexError) {
            _ = try BytePattern(text)
            return text
        } catch {
            tell(
                "`\(path)` is \(ConfigurationValue.quoted(text)). \(error)",
                hint: "It is a POSIX extended regular expression: digits are [0-9], spaces [[:space:]]; a literal dot is \"\\\\.\".")
            return nil
        }
    }

    /// A constant text, or `"$field"`. `"$$…"` is a constant that starts with one dollar.
    func template() -> FieldTemplate? {
        guard case .string = value else {
            refuse("use a text, or \"$field\" for a field of the line", hint: Self.inQuotes(value))
            return nil
        }
        guard let text = string() else { return nil }
        if text.hasPrefix("$$") { return .constant(String(text.dropFirst())) }
        if !text.hasPrefix("$") { return .constant(text) }
        return checkedField(String(text.dropFirst()), found: text).map(FieldTemplate.field)
    }

    /// `"$field"`; gives the path without the dollar.
    func fieldReference() -> String? {
        guard case .string = value else {
            refuse("use \"$field\", a field of the line")
            return nil
        }
        guard let text = string() else { return nil }
        guard text.hasPrefix("$"), !text.hasPrefix("$$") else {
            let guess = Self.fieldProblem(text) == nil ? "Did you mean \"$\(text)\"?" : nil
            refuse(found: text, "use \"$field\", a field of the line", hint: guess)
            return nil
        }
        return checkedField(String(text.dropFirst()), found: text)
    }

    /// A dotted path without a dollar, as in `timestamp.field`.
    func fieldPath() -> String? {
        guard let text = string() else { return nil }
        if text.hasPrefix("$") {
            refuse(found: text, "name the field without the dollar", hint: "Write \"\(text.dropFirst())\".")
            return nil
        }
        return checkedField(text, found: text)
    }

    /// A number, or `"$field"`.
    func amount() -> FieldTemplate? {
        if case .number(let number) = value { return .constant(ConfigurationValue.text(of: number)) }
        guard case .string = value else {
            refuse("use a number, or \"$field\" for a field of the line")
            return nil
        }
        guard let text = string() else { return nil }
        if text.hasPrefix("$") { return checkedField(String(text.dropFirst()), found: text).map(FieldTemplate.field) }
        if let number = Double(text), number.isFinite, !isLiteral { return .constant(ConfigurationValue.text(of: number)) }
        refuse(
            found: text, "use a number, or \"$field\" for a field of the line",
            hint: Double(text) != nil
                ? "Write the number without quotes." : Self.fieldProblem(text) == nil ? "Did you mean \"$\(text)\"?" : nil)
        return nil
    }

    /// Any scalar as the text it has in a line.
    func scalarText() -> String? {
        switch value {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .number(let number): return ConfigurationValue.text(of: number)
        case .string: return string()
        case .array, .object:
            refuse("use a text, a number, true, false or null")
            return nil
        }
    }

    /// Why `path` names no field; nil where it does.
    static func fieldProblem(_ path: String) -> String? {
        if path.isEmpty { return "use the field's name" }
        if path.utf8.count > 256 { return "use at most 256 bytes" }
        let segments = path.split(separator: ".", omittingEmptySubsequences: false)
        if segments.contains(where: \.isEmpty) { return "use names with one dot between them" }
        if segments.count > 8 { return "use at most 8 names with dots between them" }
        if path.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f || "${}\"'".unicodeScalars.contains($0) }) {
            return "use a name without spaces, quotes, braces and dollars"
        }
        return nil
    }
    private var isLiteral: Bool { if case .string(let raw) = value { !Interpolation.isNeeded(in: raw) } else { true } }

    private func checkedField(_ path: String, found: String) -> String? {
        guard let problem = Self.fieldProblem(path) else { return path }
        refuse(found: found, problem, hint: path.hasPrefix("{") ? "A variable must be set to be put in: ${NAME:-default}." : nil)
        return nil
    }

    private static func inQuotes(_ value: ConfigurationValue) -> String? {
        switch value {
        case .number, .bool: "A constant must be in quotes: \"\(value.found)\"."
        default: nil
        }
    }
}
