/// A text that must never be printed.
package struct Secret: Equatable, Sendable, CustomStringConvertible {
    package let value: String

    package init(value: String) { self.value = value }

    package var description: String { "<redacted>" }
}
