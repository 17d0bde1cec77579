/// Why a line is no JSON object. Small and without text until someone asks for ``description``: a line that does not parse
/// is ordinary input.
package struct JSONScanError: Error, Equatable, Sendable {
    package enum Reason: UInt8, Sendable {
        case empty
        case tooLong
        case notAnObject
        case cutOff
        case nameExpected
        case colonExpected
        case valueExpected
        case commaOrBraceExpected
        case commaOrBracketExpected
        case invalidLiteral
        case invalidNumber
        case invalidEscape
        case controlByteInString
        case stringNotClosed
        case tooDeep
        case bytesBehindObject
    }

    package let reason: Reason
    /// The byte at ``offset``; nil at the end of the line.
    package let found: UInt8?
    /// Counted in bytes from the start of the line.
    package let offset: Int
}

extension JSONScanError: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .empty: "the line is empty; a JSON object was expected"
        case .tooLong: "the line has 4 GiB or more; cut lines before they are parsed"
        case .notAnObject: "found \(foundText) where a JSON object starts with `{`"
        case .cutOff: "the line ends with \(foundText) where a JSON object ends with `}`: it is cut off, or something follows the object"
        case .nameExpected: "found \(foundText) where a member's name in quotes was expected"
        case .colonExpected: "found \(foundText) where `:` was expected"
        case .valueExpected: "found \(foundText) where a value was expected"
        case .commaOrBraceExpected: "found \(foundText) where `,` or `}` was expected"
        case .commaOrBracketExpected: "found \(foundText) where `,` or `]` was expected"
        case .invalidLiteral: "found \(foundText), which starts none of `true`, `false` and `null` here"
        case .invalidNumber: "found \(foundText) where a number needs a digit"
        case .invalidEscape: "found \(foundText) in a backslash escape that JSON does not have"
        case .controlByteInString: "found \(foundText) in a string, where it must be written as an escape"
        case .stringNotClosed: "the string that starts here has no closing quote"
        case .tooDeep: "objects and arrays are nested deeper than \(JSONScanner.maximumDepth)"
        case .bytesBehindObject: "found \(foundText) behind the object; a line holds one"
        }
    }

    private var foundText: String {
        guard let found else { return "the end of the line" }
        guard (0x21...0x7E).contains(found) else {
            return "byte 0x" + (found < 16 ? "0" : "") + String(found, radix: 16, uppercase: true)
        }
        return "`\(Character(UnicodeScalar(found)))`"
    }
}
