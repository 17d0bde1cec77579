import Foundation
import JSONScanning
import Testing

/// Random documents and random damage to them, judged by Foundation's reader.
struct JSONPropertyTests {
    static let paths = ["a", "b", "level", "a.b", "a.level.b", "b.a", "timestamp", "timestamp.level", "a long name of many bytes"]

    @Test(arguments: 0..<8)
    func `fields of random documents are those that Foundation finds`(seed: Int) throws {
        var generator = DocumentGenerator(seed: UInt64(seed))
        let scanner = JSONScanner(paths: FieldPaths(Self.paths))
        for _ in 0..<150 {
            let line = generator.document()
            let fields = try scanner.fields(of: line)
            let document = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
            for (path, field) in zip(Self.paths, fields) {
                #expect(agrees(field, value(at: path, in: document)), "\(path) is \(field) in \(line)")
            }
        }
    }

    @Test(arguments: 0..<8)
    func `damaged documents are refused exactly when Foundation refuses them`(seed: Int) throws {
        var generator = DocumentGenerator(seed: UInt64(seed) + 1000)
        let scanner = JSONScanner(paths: FieldPaths(Self.paths))
        var refused = 0
        for _ in 0..<400 {
            let line = generator.damaged(Array(generator.document().utf8))
            let error = scanner.error(in: line)
            if error != nil { refused += 1 }
            // Foundation refuses broken UTF-8, which we carry: it gets the text repaired.
            let repaired = Data(String(decoding: line, as: UTF8.self).utf8)
            let document = Result { try JSONSerialization.jsonObject(with: repaired, options: .fragmentsAllowed) }
            switch (document, error) {
            case (.success(let value), nil): #expect(value is [String: Any])
            case (.failure, .some): break
            case (.success(let value), .some(let error)):
                #expect(
                    !(value is [String: Any]) || isTrailingComma(error, in: line),
                    "\(error) in \(String(decoding: line, as: UTF8.self))")
            case (.failure(let failure), nil):
                #expect(isDocumentedDifference(line), "only Foundation refuses \(String(decoding: line, as: UTF8.self)): \(failure)")
            }
        }
        #expect((50..<390).contains(refused), "the damage must leave some documents valid: \(refused)")
    }

    /// Foundation lets a comma stand before a closing bracket; RFC 8259 does not.
    private func isTrailingComma(_ error: JSONScanError, in line: [UInt8]) -> Bool {
        guard error.found == UInt8(ascii: "}") || error.found == UInt8(ascii: "]") else { return false }
        return line[..<error.offset].last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: ",")
    }

    /// Halves of surrogate pairs, and numbers too large for a `Double`.
    private func isDocumentedDifference(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        return text.contains(/\\u[dD][89a-fA-F]/) || text.contains(/[eE]\+?[0-9]{3}/) || text.contains(/[0-9]{300}/)
    }

    private func value(at path: String, in document: [String: Any]) -> Any? {
        var value: Any? = document
        for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
        return value
    }

    private func agrees(_ field: ScannedField, _ value: Any?) -> Bool {
        let bytes = Array(field.text.utf8)
        switch (field.kind, value) {
        case (.missing, nil): return true
        case (.null, is NSNull): return true
        case (.string, let string as String): return bytes == Array(string.utf8)
        case (.true_, let isTrue as Bool): return isTrue
        case (.false_, let isTrue as Bool): return !isTrue
        case (.number, let number as NSNumber):
            guard let read = bytes.withUnsafeBytes({ JSONNumber.double($0) }) else { return false }
            // Foundation goes through a decimal number and can miss the nearest Double; JSONNumberTests demand it.
            return abs(read - number.doubleValue) <= 16 * read.ulp
        case (.object, is [String: Any]), (.array, is [Any]):
            guard let again = try? JSONSerialization.jsonObject(with: Data(bytes)), let value else { return false }
            return NSDictionary(dictionary: ["": again]).isEqual(to: ["": value])
        default: return false
        }
    }
}

/// Makes objects of a few names, so that wanted ones are met often.
struct DocumentGenerator {
    private var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func document() -> String { blanks() + object(depth: 0) + blanks() }

    /// One to three bytes changed, removed or added.
    mutating func damaged(_ line: [UInt8]) -> [UInt8] {
        var line = line
        let bytes = Array(#"{}[]:,"\/ueE+-.0123456789 tfnabd"#.utf8) + [0x01, 0x0A, 0x09, 0x1F, 0x7F]
        for _ in 0..<Int.random(in: 1...3, using: &random) where !line.isEmpty {
            let index = Int.random(in: 0..<line.count, using: &random)
            let byte = bytes.randomElement(using: &random) ?? 0x20
            switch Int.random(in: 0..<4, using: &random) {
            case 0: line[index] = byte
            case 1: line.remove(at: index)
            case 2: line.insert(byte, at: index)
            default: line.insert(line[index], at: index)
            }
        }
        return line
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 5 ? 10 : 7), using: &random) {
        case 0: return "true"
        case 1: return "false"
        case 2: return "null"
        case 3, 4: return number()
        case 5, 6: return string()
        case 7, 8: return object(depth: depth + 1)
        default:
            let values = (0..<Int.random(in: 0...3, using: &random)).map { _ in blanks() + value(depth: depth + 1) + blanks() }
            return "[" + (values.isEmpty ? blanks() : values.joined(separator: ",")) + "]"
        }
    }

    private mutating func object(depth: Int) -> String {
        var names = ["a", "b", "level", "timestamp", "a long name of many bytes", "other", "é", ""]
        names.shuffle(using: &random)
        let members = names.prefix(Int.random(in: 0...6, using: &random)).map { name in
            blanks() + quoted(name) + blanks() + ":" + blanks() + value(depth: depth) + blanks()
        }
        return "{" + (members.isEmpty ? blanks() : members.joined(separator: ",")) + "}"
    }

    private mutating func number() -> String {
        var text = Bool.random(using: &random) ? "-" : ""
        text += ["0", "7", "42", "1234567", "9007199254"].randomElement(using: &random) ?? ""
        if Bool.random(using: &random) { text += ".\(Int.random(in: 0...99999, using: &random))" }
        if Int.random(in: 0..<3, using: &random) == 0 {
            text += ["e", "E"].randomElement(using: &random) ?? ""
            text += ["", "+", "-"].randomElement(using: &random) ?? ""
            text += "\(Int.random(in: 0...30, using: &random))"
        }
        return text
    }

    private mutating func string() -> String {
        let pieces = ["x", "some words", "é", "日本", "🙂", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{7F}", "12345678", "}", "]", ","]
        return quoted((0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined())
    }

    /// Escapes what must be, and now and then what need not be.
    private mutating func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar == "\"" || scalar == "\\" || scalar.value < 0x20
            if mustEscape || Int.random(in: 0..<20, using: &random) == 0 {
                for unit in String(scalar).utf16 { result += "\\u" + String(format: "%04x", unit) }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private mutating func blanks() -> String {
        Int.random(in: 0..<6, using: &random) == 0 ? [" ", "\t", "\n", "\r", "  "].randomElement(using: &random) ?? "" : ""
    }
}
