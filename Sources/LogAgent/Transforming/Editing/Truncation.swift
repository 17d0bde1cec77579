import JSONScanning
import Tailing

/// A `truncate` step: cuts what is shipped of a line, or the texts of fields, at a character's edge. Patterns of `redact` see the whole
/// line, wherever that step stands: half a secret would not be found.
final class Truncation {
    private let maximumBytes: Int
    private let slots: [Int]

    init(_ settings: TruncateSettings, slot: (String) -> Int) {
        maximumBytes = settings.maximumBytes
        slots = settings.fields.map(slot)
    }

    func apply(to line: TransformedLine) -> Bool {
        guard slots.isEmpty else { return cutFields(of: line) }
        guard line.lineCount > maximumBytes, line.maximumBytes > maximumBytes else { return false }
        line.maximumBytes = maximumBytes
        return true
    }

    private func cutFields(of line: TransformedLine) -> Bool {
        var isTooLong = false
        for slot in slots {
            let field = line.fields[slot]
            if field.kind == .string, field.count > maximumBytes { isTooLong = true }
        }
        guard isTooLong else { return false }
        let isCut = line.edit { edits in
            for slot in slots {
                let field = line.fields[slot]
                guard field.kind == .string, field.count > maximumBytes else { continue }
                let text = field.text(in: line.bytes)
                let edge = field.hasEscapes ? escapeEdge(in: text) : LineSplitter.characterEdge(in: text, atMost: maximumBytes)
                edits.replace(Int(field.start) + edge..<Int(field.end)) { _ in }
            }
        }
        if isCut { line.isCut = true }
        return isCut
    }

    /// The largest count up to the limit that ends neither within a character nor within an escape or a pair of them.
    private func escapeEdge(in text: UnsafeRawBufferPointer) -> Int {
        var place = 0
        while place < text.count {
            var end = place + 1
            if text[place] == UInt8(ascii: "\\") {
                end = place + UnescapedText.escapeBytes(text, at: place)
            } else if text[place] >= 0xc0 {
                while end < text.count, text[end] & 0xc0 == 0x80 { end += 1 }
            }
            if end > maximumBytes { return place }
            place = end
        }
        return text.count
    }
}
