/// The parts of a line that a ``JSONScanner`` has accepted, one after the other. Nothing is checked again and nothing is copied.
package struct JSONTokens {
    package enum Kind: Equatable, Sendable {
        /// The name of a member.
        case name
        case string, number
        /// `true`, `false` or `null`.
        case literal
        case objectStart, objectEnd, arrayStart, arrayEnd
    }

    package struct Token {
        package let kind: Kind
        /// In the text: of a name or string what stands between its quotes, of a bracket the bracket alone.
        package let range: Range<Int>
        /// A name or string with backslashes.
        package let hasEscapes: Bool

        /// With the quotes of a name or string.
        package var wholeRange: Range<Int> {
            kind == .name || kind == .string ? range.lowerBound - 1..<range.upperBound + 1 : range
        }
    }

    private let text: UnsafeRawBufferPointer
    private var place: Int
    /// The kinds of what is open, the innermost in bit 0: 1 for an object.
    private var kinds: UInt64 = 0
    private var isNameNext = false

    /// `text` is borrowed. Reading begins at `place`, where a value of the text begins.
    package init(_ text: UnsafeRawBufferPointer, from place: Int = 0) {
        self.text = text
        self.place = place
    }

    /// The next part; nil at the end.
    package mutating func next() -> Token? {
        while place < text.count {
            let start = place
            switch text[start] {
            case UInt8(ascii: "\""): return string()
            case UInt8(ascii: "{"): return open(isObject: true)
            case UInt8(ascii: "["): return open(isObject: false)
            case UInt8(ascii: "}"): return close(.objectEnd)
            case UInt8(ascii: "]"): return close(.arrayEnd)
            case UInt8(ascii: ","):
                isNameNext = kinds & 1 != 0
                place += 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return plain(.number)
            case UInt8(ascii: "a")...UInt8(ascii: "z"): return plain(.literal)
            default: place += 1
            }
        }
        return nil
    }

    /// Passes over what is within the object or array whose opening bracket was the last token. Gives where it ends, behind its
    /// closing bracket.
    package mutating func skipContainer() -> Int {
        var depth = 1
        while depth > 0, let token = next() {
            switch token.kind {
            case .objectStart, .arrayStart: depth += 1
            case .objectEnd, .arrayEnd: depth -= 1
            case .name, .string, .number, .literal: break
            }
        }
        return place
    }

    private mutating func string() -> Token {
        let start = place + 1
        var end = start
        var hasEscapes = false
        while end < text.count, text[end] != UInt8(ascii: "\"") {
            if text[end] == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        end = min(end, text.count)
        place = min(end + 1, text.count)
        let kind: Kind = isNameNext ? .name : .string
        isNameNext = false
        return Token(kind: kind, range: start..<max(start, end), hasEscapes: hasEscapes)
    }

    private mutating func open(isObject: Bool) -> Token {
        kinds = kinds &<< 1 | (isObject ? 1 : 0)
        isNameNext = isObject
        place += 1
        return Token(kind: isObject ? .objectStart : .arrayStart, range: place - 1..<place, hasEscapes: false)
    }

    private mutating func close(_ kind: Kind) -> Token {
        kinds = kinds &>> 1
        isNameNext = false
        place += 1
        return Token(kind: kind, range: place - 1..<place, hasEscapes: false)
    }

    private mutating func plain(_ kind: Kind) -> Token {
        let start = place
        while place < text.count, Self.isPlain(text[place]) { place += 1 }
        return Token(kind: kind, range: start..<place, hasEscapes: false)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
