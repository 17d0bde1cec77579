/// Replacements in one text: gathered first, in any order, then made in one pass. Used again for each text.
final class TextEdits {
    struct Edit {
        var range: Range<Int>
        /// In ``replacements``.
        var replacement: Range<Int>
    }

    private(set) var edits: [Edit] = []
    private var replacements: [UInt8] = []

    var isEmpty: Bool { edits.isEmpty }

    func removeAll() {
        edits.removeAll(keepingCapacity: true)
        replacements.removeAll(keepingCapacity: true)
    }

    /// `range` will be what `write` appends.
    func replace(_ range: Range<Int>, _ write: (inout [UInt8]) -> Void) {
        let start = replacements.count
        write(&replacements)
        edits.append(Edit(range: range, replacement: start..<replacements.count))
    }

    /// Writes `text` with the replacements made into `output`, over what is there. Of ranges that overlap the union is replaced, by
    /// what the one that begins first says.
    func apply(to text: UnsafeRawBufferPointer, into output: inout EntryBuffer) {
        sortAndMerge()
        output.removeAll()
        output.reserve(text.count + replacements.count)
        var place = 0
        replacements.withUnsafeBytes { replacements in
            for edit in edits {
                output.append(UnsafeRawBufferPointer(rebasing: text[place..<edit.range.lowerBound]))
                output.append(UnsafeRawBufferPointer(rebasing: replacements[edit.replacement]))
                place = edit.range.upperBound
            }
        }
        output.append(UnsafeRawBufferPointer(rebasing: text[place...]))
    }

    /// Where a field of the old text stands in the new one, after ``apply(to:into:)``. A field's edge within a replaced stretch moves
    /// to the replacement's edge: a field never shows what was replaced.
    func moved(_ range: Range<Int>) -> Range<Int> {
        var shift = 0
        var start: Int?
        var end: Int?
        for edit in edits {
            let (old, length) = (edit.range, edit.replacement.count)
            if start == nil, range.lowerBound < old.upperBound || range.lowerBound == old.lowerBound {
                start = min(range.lowerBound, old.lowerBound) == range.lowerBound ? range.lowerBound + shift : old.lowerBound + shift
            }
            if end == nil, range.upperBound <= old.lowerBound { end = range.upperBound + shift }
            if end == nil, range.upperBound <= old.upperBound { end = old.lowerBound + shift + length }
            shift += length - old.count
        }
        let first = start ?? range.lowerBound + shift
        return first..<max(first, end ?? range.upperBound + shift)
    }

    /// The replacements that ``apply(to:into:)`` made within `text`, the beginning of what it was given.
    func replacements(in text: [UInt8]) -> [(was: String, now: String)] {
        edits.filter { $0.range.upperBound <= text.count }.map { edit in
            (String(decoding: text[edit.range], as: UTF8.self), String(decoding: replacements[edit.replacement], as: UTF8.self))
        }
    }

    private func sortAndMerge() {
        if zip(edits, edits.dropFirst()).allSatisfy({ $0.range.upperBound <= $1.range.lowerBound }) { return }
        // A stable order, so that of two that begin at one place the first that was told decides.
        let order = edits.indices.sorted { (edits[$0].range.lowerBound, $0) < (edits[$1].range.lowerBound, $1) }
        var merged: [Edit] = []
        for index in order {
            let edit = edits[index]
            if let last = merged.indices.last, edit.range.lowerBound < merged[last].range.upperBound {
                let end = max(merged[last].range.upperBound, edit.range.upperBound)
                merged[last].range = merged[last].range.lowerBound..<end
            } else {
                merged.append(edit)
            }
        }
        edits = merged
    }
}
