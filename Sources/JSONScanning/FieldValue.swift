/// Where one field's value stands in a line: a byte range, so that finding it copies nothing.
@frozen
package struct FieldValue: Equatable, Sendable {
    @frozen
    package enum Kind: UInt8, Sendable {
        case missing, string, number, true_, false_, null, object, array
    }

    /// First byte of the value's text in the line: behind the opening quote of a string, the bracket of an object or array.
    package var start: UInt32
    /// One past the last byte of the value's text: the closing quote of a string, behind the bracket of an object or array.
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

    @inlinable @inline(__always) package var count: Int { Int(end - start) }

    /// The line has the field, whatever its value. (`kind != .missing` calls the generic operator, unspecialised, in other modules.)
    @inlinable @inline(__always) package var isThere: Bool {
        if case .missing = kind { false } else { true }
    }

    /// The value's text within the line it was found in, as it stands there: escapes are not resolved, and bytes that are
    /// no UTF-8 are still in it. Borrowed: valid as long as `line` is.
    @inlinable
    @inline(__always)
    package func text(in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: line[Int(start)..<Int(end)])
    }
}
