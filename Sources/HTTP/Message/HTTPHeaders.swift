/// The header fields of one message, in the order they stand in it. Names are compared without regard to case;
/// a name may occur more than once (RFC 9110 §5).
package struct HTTPHeaders: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral pairs: (String, String)...) {
        fields = pairs.map { Field(name: $0.0, value: $0.1) }
    }

    package init(_ pairs: [(String, String)]) {
        fields = pairs.map { Field(name: $0.0, value: $0.1) }
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    /// The value of the first field called `name`.
    package func first(_ name: String) -> String? {
        for field in fields where ASCIIText.equalIgnoringCase(field.name, name) { return field.value }
        return nil
    }

    /// The values of all fields called `name`, in order.
    package func all(_ name: String) -> [String] {
        fields.compactMap { ASCIIText.equalIgnoringCase($0.name, name) ? $0.value : nil }
    }

    package func contains(_ name: String) -> Bool { first(name) != nil }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    package mutating func append(contentsOf other: HTTPHeaders) {
        fields.append(contentsOf: other.fields)
    }

    /// Leaves exactly one field called `name`, in the place of the first that was there, else at the end.
    package mutating func set(_ name: String, _ value: String) {
        guard let index = fields.firstIndex(where: { ASCIIText.equalIgnoringCase($0.name, name) }) else {
            return append(name, value)
        }
        fields[index] = Field(name: name, value: value)
        let rest = fields[(index + 1)...].filter { !ASCIIText.equalIgnoringCase($0.name, name) }
        fields.replaceSubrange((index + 1)..., with: rest)
    }

    package mutating func remove(_ name: String) {
        fields.removeAll { ASCIIText.equalIgnoringCase($0.name, name) }
    }

    /// The comma-separated members of all fields called `name`, trimmed, without empty ones (RFC 9110 §5.6.1).
    package func listMembers(_ name: String) -> [String] {
        all(name).flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).compactMap { member in
                let text = ASCIIText.trimmed(Substring(member))
                return text.isEmpty ? nil : text
            }
        }
    }

    /// Whether a comma-separated field has `member`, in any case.
    package func lists(_ member: String, in name: String) -> Bool {
        listMembers(name).contains { ASCIIText.equalIgnoringCase($0, member) }
    }
}
