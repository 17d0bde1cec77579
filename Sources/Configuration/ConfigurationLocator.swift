/// Finds where things stand in a JSON5 text: every value's place by its path, keys that are there twice, and the place of a
/// syntax error. `JSONDecoder` tells none of these; it still decides what the values are.
///
/// The grammar is <https://spec.json5.org>, with the top-level braces optional.
struct ConfigurationLocator {
    struct Place: Sendable {
        /// The key, or the value where it is an element or the root.
        var key: Range<Int>
        var value: Range<Int>
    }

    struct SyntaxError: Error, Equatable {
        var offset: Int
        var message: String
    }

    struct Duplicate {
        var path: ConfigurationPath
        var first: Range<Int>
        var second: Range<Int>
    }

    /// Deeper nesting is refused: no setting needs it, and it would cost stack.
    static let maximumDepth = 64

    private(set) var places: [ConfigurationPath: Place] = [:]
    private(set) var duplicates: [Duplicate] = []
    /// A backslash at the end of a line in a text, with the line's end: JSON5 leaves both out. The decoder would keep the line's end.
    private(set) var continuations: [Range<Int>] = []

    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Walks the whole text once.
    mutating func locate() throws(SyntaxError) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { offset = 3 }
        try skipBlank()
        let start = offset
        if peek == UInt8(ascii: "{") {
            try object(at: .root)
        } else {
            try members(at: .root, until: nil)
        }
        places[.root] = Place(key: start..<start, value: start..<max(start, offset))
        try skipBlank()
        if offset < bytes.count { throw unexpected("the end of the file", since: "the closing `}` of the file") }
    }

    private mutating func value(at path: ConfigurationPath, key: Range<Int>?) throws(SyntaxError) {
        let start = offset
        switch peek {
        case UInt8(ascii: "{"): try object(at: path)
        case UInt8(ascii: "["): try array(at: path)
        case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = try string()
        case nil: throw SyntaxError(offset: offset, message: "Expected a value, found the end of the file.")
        case .some(let byte) where Self.isWord(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "."): try scalar()
        case .some: throw unexpected("a value")
        }
        places[path] = Place(key: key ?? start..<offset, value: start..<offset)
    }

    private mutating func object(at path: ConfigurationPath) throws(SyntaxError) {
        let opening = offset
        try enter()
        offset += 1
        try members(at: path, until: opening)
        offset += 1
        depth -= 1
    }

    /// Up to the closing brace of the object opened at `opening`; up to the end of the text where that is nil.
    private mutating func members(at path: ConfigurationPath, until opening: Int?) throws(SyntaxError) {
        var seen: [String: Range<Int>] = [:]
        while true {
            try skipBlank()
            guard let byte = peek else {
                if let opening { throw SyntaxError(offset: opening, message: "This `{` is never closed.") }
                return
            }
            if byte == UInt8(ascii: "}") && opening != nil { return }
            let start = offset
            let key = try memberKey()
            let range = start..<offset
            if let first = seen[key] {
                duplicates.append(Duplicate(path: path.appending(key), first: first, second: range))
            } else {
                seen[key] = range
            }
            try skipBlank()
            guard peek == UInt8(ascii: ":") else { throw unexpected("`:` after the key `\(key)`") }
            offset += 1
            try skipBlank()
            try value(at: path.appending(key), key: range)
            try skipBlank()
            if peek == UInt8(ascii: ",") {
                offset += 1
            } else if peek != nil && (peek != UInt8(ascii: "}") || opening == nil) {
                throw unexpected("`,`", since: "the value of `\(key)`")
            }
        }
    }

    private mutating func array(at path: ConfigurationPath) throws(SyntaxError) {
        let opening = offset
        try enter()
        offset += 1
        var index = 0
        while true {
            try skipBlank()
            if peek == UInt8(ascii: "]") { break }
            if peek == nil { throw SyntaxError(offset: opening, message: "This `[` is never closed.") }
            try value(at: path.appending(index), key: nil)
            index += 1
            try skipBlank()
            if peek == UInt8(ascii: ",") {
                offset += 1
            } else if peek != nil && peek != UInt8(ascii: "]") {
                throw unexpected("`,` or `]`", since: "a list's element")
            }
        }
        offset += 1
        depth -= 1
    }

    private mutating func enter() throws(SyntaxError) {
        depth += 1
        if depth > Self.maximumDepth {
            throw SyntaxError(offset: offset, message: "Nested more than \(Self.maximumDepth) levels deep.")
        }
    }

    private mutating func memberKey() throws(SyntaxError) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string() }
        let start = offset
        if let first = peek, !Self.isWord(first) || (first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")) || first == UInt8(ascii: "-")
        {
            throw unexpected("a key")
        }
        while let byte = peek, Self.isWord(byte) {
            if byte == UInt8(ascii: "-") {
                throw SyntaxError(offset: offset, message: "A key with `-` must be in quotes.")
            }
            offset += 1
        }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// Gives the text with its simple escapes resolved, which is enough to tell two keys apart.
    private mutating func string() throws(SyntaxError) -> String {
        let opening = offset
        let quote = bytes[offset]
        offset += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case quote:
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                throw SyntaxError(offset: opening, message: "This text is not closed before the end of its line.")
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw SyntaxError(offset: offset, message: "A control character in a text must be escaped (\(Self.escape(of: byte))).")
            default:
                text.append(byte)
                offset += 1
            }
        }
        throw SyntaxError(offset: opening, message: "This text is never closed.")
    }

    private mutating func escape(into text: inout [UInt8]) throws(SyntaxError) {
        let start = offset
        offset += 1
        guard let byte = peek else { return }
        offset += 1
        switch byte {
        case UInt8(ascii: "u"): try hexadecimal(digits: 4, from: start, into: &text)
        case UInt8(ascii: "x"): try hexadecimal(digits: 2, from: start, into: &text)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            if byte == UInt8(ascii: "\r") && peek == UInt8(ascii: "\n") { offset += 1 }
            continuations.append(start..<offset)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        default:
            throw SyntaxError(offset: start, message: "Unknown escape in a text; a backslash itself is written `\\\\`.")
        }
    }

    private mutating func hexadecimal(digits: Int, from start: Int, into text: inout [UInt8]) throws(SyntaxError) {
        let end = offset + digits
        let isComplete = end <= bytes.count && bytes[offset..<end].allSatisfy(Self.isHexadecimal)
        guard isComplete, let code = UInt32(String(decoding: bytes[offset..<end], as: UTF8.self), radix: 16) else {
            throw SyntaxError(offset: start, message: "This escape needs \(digits) hexadecimal digits.")
        }
        text += Array(String(Unicode.Scalar(code) ?? "\u{fffd}").utf8)
        offset = end
    }

    /// A number or one of the words.
    private mutating func scalar() throws(SyntaxError) {
        let start = offset
        while let byte = peek, Self.isWord(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".") { offset += 1 }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        let unsigned = text.hasPrefix("+") || text.hasPrefix("-") ? text.dropFirst() : text[...]
        switch text {
        case "true", "false", "null": return
        default: break
        }
        if unsigned == "Infinity" || unsigned == "NaN" {
            throw SyntaxError(offset: start, message: "\(text) is not allowed; use a finite number.")
        }
        if Self.isNumber(unsigned) {
            if Self.isOutOfRange(unsigned) {
                throw SyntaxError(offset: start, message: "`\(text)` is too large or too small a number.")
            }
            return
        }
        let isNumberLike = unsigned.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        let message =
            isNumberLike || unsigned.hasPrefix(".") || unsigned.count < text.count
            ? "`\(text)` is not a number; a text (also a duration or a size) must be in quotes."
            : "`\(text)` is not a value; a text must be in quotes."
        throw SyntaxError(offset: start, message: message)
    }

    /// JSON5's decimal or hexadecimal numbers, without the sign. The decoder must see no others: it takes some, and traps on some.
    private static func isNumber(_ text: Substring) -> Bool {
        var bytes = Array(text.utf8)[...]
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        if bytes.starts(with: Array("0x".utf8)) || bytes.starts(with: Array("0X".utf8)) {
            return (3...15).contains(bytes.count) && bytes.dropFirst(2).allSatisfy(isHexadecimal)
        }
        let whole = bytes.prefix(while: isDigit)
        if whole.count > 1 && whole.first == UInt8(ascii: "0") { return false }
        bytes = bytes.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if bytes.first == UInt8(ascii: ".") {
            fraction = bytes.dropFirst().prefix(while: isDigit)
            bytes = bytes.dropFirst(1 + fraction.count)
        }
        if whole.isEmpty && fraction.isEmpty { return false }
        if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
            bytes = bytes.dropFirst()
            if bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") { bytes = bytes.dropFirst() }
            let exponent = bytes.prefix(while: isDigit)
            if exponent.isEmpty { return false }
            bytes = bytes.dropFirst(exponent.count)
        }
        return bytes.isEmpty
    }

    /// Whether a decimal number becomes infinite, or 0 without being 0.
    private static func isOutOfRange(_ text: Substring) -> Bool {
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return false }
        guard let number = Double(text) else { return true }
        let mantissa = text.prefix { $0 != "e" && $0 != "E" }
        return !number.isFinite || (number == 0 && mantissa.contains { ("1"..."9").contains($0) })
    }

    private mutating func skipBlank() throws(SyntaxError) {
        while let byte = peek {
            switch byte {
            case 0x09...0x0d, 0x20: offset += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(SyntaxError) {
        let start = offset
        let second = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        if second == UInt8(ascii: "/") {
            while let byte = peek, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { offset += 1 }
        } else if second == UInt8(ascii: "*") {
            offset += 2
            while offset + 1 < bytes.count {
                if bytes[offset] == UInt8(ascii: "*") && bytes[offset + 1] == UInt8(ascii: "/") {
                    offset += 2
                    return
                }
                offset += 1
            }
            throw SyntaxError(offset: start, message: "This comment is never closed.")
        } else {
            throw SyntaxError(offset: start, message: "Expected `//` or `/*` here, found a single `/`.")
        }
    }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func unexpected(_ expected: String, since: String? = nil) -> SyntaxError {
        let after = since.map { " after \($0)" } ?? ""
        return SyntaxError(offset: offset, message: "Expected \(expected)\(after), found \(foundHere).")
    }

    private var foundHere: String {
        guard offset < bytes.count else { return "the end of the file" }
        let character = String(decoding: bytes[offset...].prefix(4), as: UTF8.self).unicodeScalars.first
        guard let character else { return "the end of the file" }
        if character == "#" { return "`#` (comments start with `//`)" }
        if character == "\u{a0}" { return "a no-break space" }
        if character.value < 0x20 || !character.properties.isGraphemeBase {
            return "U+" + String(character.value, radix: 16, uppercase: true)
        }
        return "`\(character)`"
    }

    private static func escape(of byte: UInt8) -> String {
        switch byte {
        case 0x09: "`\\t`"
        default: "`\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16) + "`"
        }
    }

    /// What keys, numbers and words are made of; everything beyond ASCII is taken as a letter.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }
}
