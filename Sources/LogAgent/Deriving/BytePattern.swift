import Glibc

/// A POSIX extended regular expression over bytes (``PosixRegexParser``). It matches anywhere in a text unless anchored, in time in
/// proportion to the length of the text, whatever both are. A character is a Unicode scalar, or a byte that is no UTF-8.
///
/// One per thread, as ``RegexMatcher`` is.
final class BytePattern {
    let pattern: String
    /// nil: finding ``literal`` is all.
    private let matcher: RegexMatcher?
    private let literal: [UInt8]

    init(_ pattern: String) throws(RegexError) {
        let node = try PosixRegexParser.parse(pattern)
        self.pattern = pattern
        literal = node.literal ?? []
        matcher = literal.isEmpty ? RegexMatcher(try RegexProgram(pattern, node)) : nil
    }

    /// Whether the expression matches anywhere in `text`, which may hold any bytes.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        matcher?.search(text) ?? (RegexMatcher.find(literal, in: text, from: 0) != nil)
    }
}
