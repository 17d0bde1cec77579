/// Where one field's value stands in a line: a byte range, so that finding it copies nothing.
@frozen
package struct FieldValue: Equatable, Sendable {
    @frozen
    package enum Kind: UInt8, Sendable {
        case missing, string, number, true_, false_, null, object, array
    }

    /// First byte of the value's text in the line: behind the opening quote of a string.
    package var start: UInt32
    /// One past the value's last byte: the closing quote of a string.
    package var end: UInt32
    package var kind: Kind
    /// A string that holds backslash escapes: its text must be decoded before it is compared or shown.
    package var hasEscapes: Bool

    @inlinable
    package init(start: UInt32, end: UInt32, kind: Kind, hasEscapes: Bool) {
        self.start = start
        self.end = end
        self.kind = kind
        self.hasEscapes = hasEscapes
    }

    package static let missing = FieldValue(start: 0, end: 0, kind: .missing, hasEscapes: false)

    @inlinable package var count: Int { Int(end - start) }
}
