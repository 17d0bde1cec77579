import CLinux
import Glibc
import JSONScanning

/// A `redact` step: replaces the values of fields, and what patterns find anywhere in the line, names of members included.
///
/// In a line of JSON it works on each string and number, without their escapes, and what it writes is a string again: the line stays
/// JSON, and every byte that is not replaced stays as it is. Labels and metadata are taken from the line afterwards.
final class Redaction {
    private let fields: [[UInt8]]
    private let slots: [Int]
    /// The last name of each of ``fields``: a line that does not hold it has no such field.
    private let lastNames: [[UInt8]]
    private let patterns: RedactionPatterns
    private let replacement: Replacement
    private var path = MemberPath()
    private var unescaped = UnescapedText()
    private var value: [UInt8] = []
    /// What was replaced in the last line: by each pattern, then as a whole field.
    private(set) var found: [UInt64]
    private let patternCount: Int

    private enum Replacement {
        case text(plain: [UInt8], escaped: [UInt8])
        case hash(KeyedHash)
    }

    init(_ settings: RedactSettings, slot: (String) -> Int) {
        fields = settings.fields.map { Array($0.utf8) }
        slots = settings.fields.map(slot)
        lastNames = settings.fields.map { Array(($0.split(separator: ".").last ?? "").utf8) }
        patterns = RedactionPatterns(settings.patterns)
        patternCount = settings.patterns.count
        found = Array(repeating: 0, count: patternCount + 1)
        switch settings.replacement {
        case .text(let text):
            var escaped: [UInt8] = []
            JSONStringEscaping.append(text, to: &escaped)
            replacement = .text(plain: Array(text.utf8), escaped: escaped)
        case .hash(let key): replacement = .hash(KeyedHash(key: key))
        }
    }

    /// Puts the edits that `line` needs into `edits`.
    func edit(_ line: TransformedLine, _ edits: TextEdits) {
        for index in found.indices { found[index] = 0 }
        switch line.form {
        case .json:
            if mayConcern(line.line) { editJSON(line.line, edits) }
            editFields(line, from: line.lineCount, isEscaped: false, edits)
            if line.bytes.count > line.lineCount { searchCopies(in: line, edits) }
        case .escaped, .text:
            let isEscaped = line.form == .escaped
            editFields(line, isEscaped: isEscaped, edits)
            search(line.line, at: 0, isEscaped: isEscaped, edits)
            if line.bytes.count > line.lineCount { searchCopies(in: line, edits) }
        }
    }

    // MARK: JSON

    /// A cheap look at the whole line; where it has escapes, only a close look can tell.
    private func mayConcern(_ line: UnsafeRawBufferPointer) -> Bool {
        guard let base = line.baseAddress else { return false }
        if memchr(base, 0x5c, line.count) != nil { return true }
        for name in lastNames where memmem(base, line.count, name, name.count) != nil { return true }
        return patterns.mayFind(in: line)
    }

    private func editJSON(_ line: UnsafeRawBufferPointer, _ edits: TextEdits) {
        path.begin()
        var tokens = JSONTokens(line)
        while let token = tokens.next() {
            path.follow(token, in: line)
            switch token.kind {
            case .name: search(within: token, of: line, edits)
            case .objectEnd, .arrayEnd: break
            case .objectStart, .arrayStart:
                guard isField else { continue }
                let end = tokens.skipContainer()
                path.close()
                replace(valueAt: token.range.lowerBound..<end, of: line, isText: false, edits)
            case .string, .number, .literal:
                if isField {
                    replace(valueAt: token.range, of: line, isText: token.kind == .string, hasEscapes: token.hasEscapes, edits)
                } else if token.kind != .literal {
                    search(within: token, of: line, edits)
                }
            }
        }
    }

    private var isField: Bool {
        for field in fields where field == path.bytes { return true }
        return false
    }

    private func replace(
        valueAt range: Range<Int>, of line: UnsafeRawBufferPointer, isText: Bool, hasEscapes: Bool = false, _ edits: TextEdits
    ) {
        found[patternCount] += 1
        let text = UnsafeRawBufferPointer(rebasing: line[range])
        value.removeAll(keepingCapacity: true)
        if hasEscapes { JSONStringDecoding.append(text, to: &value) } else { value.append(contentsOf: text) }
        edits.replace(range) { bytes in
            if !isText { bytes.append(UInt8(ascii: "\"")) }
            value.withUnsafeBytes { append(for: $0, isEscaped: true, to: &bytes) }
            if !isText { bytes.append(UInt8(ascii: "\"")) }
        }
    }

    private func search(within token: JSONTokens.Token, of line: UnsafeRawBufferPointer, _ edits: TextEdits) {
        let text = UnsafeRawBufferPointer(rebasing: line[token.range])
        guard token.kind == .number else {
            return search(text, at: token.range.lowerBound, isEscaped: true, hasEscapes: token.hasEscapes, edits)
        }
        // Half a number would be no number.
        guard patterns.find(in: text), let match = patterns.matches.first else { return }
        found[match.pattern] += 1
        edits.replace(token.range) { bytes in
            bytes.append(UInt8(ascii: "\""))
            append(for: text, isEscaped: true, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
    }

    // MARK: Text

    private func editFields(_ line: TransformedLine, from start: Int = 0, isEscaped: Bool, _ edits: TextEdits) {
        for slot in slots {
            let field = line.fields[slot]
            guard field.kind != .missing, field.count > 0, Int(field.start) >= start else { continue }
            found[patternCount] += 1
            let text = field.text(in: line.bytes)
            edits.replace(Int(field.start)..<Int(field.end)) { append(for: text, isEscaped: isEscaped, to: &$0) }
        }
    }

    /// What a parser wrote behind the line is there once more, without escapes.
    private func searchCopies(in line: TransformedLine, _ edits: TextEdits) {
        for slot in 0..<line.fields.paths.count {
            let field = line.fields[slot]
            guard field.kind == .string, Int(field.start) >= line.lineCount else { continue }
            search(field.text(in: line.bytes), at: Int(field.start), isEscaped: field.hasEscapes, edits)
        }
    }

    // MARK: Both

    private func search(
        _ text: UnsafeRawBufferPointer, at offset: Int, isEscaped: Bool, hasEscapes: Bool = true, _ edits: TextEdits
    ) {
        if patterns.isEmpty { return }
        guard isEscaped, hasEscapes, let base = text.baseAddress, memchr(base, 0x5c, text.count) != nil else {
            guard patterns.find(in: text) else { return }
            for match in patterns.matches {
                found[match.pattern] += 1
                edits.replace(offset + match.range.lowerBound..<offset + match.range.upperBound) { bytes in
                    append(for: UnsafeRawBufferPointer(rebasing: text[match.range]), isEscaped: isEscaped, to: &bytes)
                }
            }
            return
        }
        unescaped.read(text)
        unescaped.bytes.withUnsafeBytes { decoded in
            guard patterns.find(in: decoded) else { return }
            for match in patterns.matches {
                found[match.pattern] += 1
                let origin = unescaped.origin(of: match.range)
                edits.replace(offset + origin.lowerBound..<offset + origin.upperBound) { bytes in
                    append(for: UnsafeRawBufferPointer(rebasing: decoded[match.range]), isEscaped: true, to: &bytes)
                }
            }
        }
    }

    /// What stands in place of `value`; `isEscaped`: within a JSON string.
    private func append(for value: UnsafeRawBufferPointer, isEscaped: Bool, to bytes: inout [UInt8]) {
        switch replacement {
        case .text(let plain, let escaped): bytes += isEscaped ? escaped : plain
        case .hash(let hash): hash.append(value, to: &bytes)
        }
    }
}
