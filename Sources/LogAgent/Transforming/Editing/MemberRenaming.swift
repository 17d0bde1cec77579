import JSONScanning

/// A `rename` step: gives members of a line of JSON other names, within the object that they stand in. A member that has the new name
/// already stays, and so does the old one. Of a line that is no JSON the fields are renamed, for labels, metadata and later steps; its
/// text stays.
final class MemberRenaming {
    private struct Rename {
        var path: [UInt8]
        var lastName: [UInt8]
        var slot: Int
        /// Without escapes.
        var newName: [UInt8]
        var escapedName: [UInt8]
        /// The slot of the path with the new name; nil where nobody looks at it.
        var newSlot: Int?
    }

    private let renames: [Rename]
    private var path = MemberPath()
    private var decoded: [UInt8] = []

    /// `newSlot` gives nil for a path that nothing is known about.
    init(_ settings: [FieldRename], slot: (String) -> Int, newSlot: (String) -> Int?) {
        renames = settings.map { rename in
            var escaped: [UInt8] = []
            JSONStringEscaping.append(rename.name, to: &escaped)
            return Rename(
                path: Array(rename.field.utf8), lastName: Array((rename.field.split(separator: ".").last ?? "").utf8),
                slot: slot(rename.field), newName: Array(rename.name.utf8), escapedName: escaped, newSlot: newSlot(rename.newPath))
        }
    }

    func apply(to line: TransformedLine) -> Bool {
        guard line.form == .json else { return renameFields(of: line) }
        guard renames.contains(where: { line.line.mayHold(name: $0.lastName) }) else { return false }
        return line.edit { edit(line.line, $0) }
    }

    private func renameFields(of line: TransformedLine) -> Bool {
        var isChanged = false
        for rename in renames {
            let field = line.fields[rename.slot]
            guard field.kind != .missing else { continue }
            if let slot = rename.newSlot {
                guard line.fields[slot].kind == .missing else { continue }
                line.fields.set(slot, field)
            }
            line.fields.set(rename.slot, .missing)
            isChanged = true
        }
        return isChanged
    }

    private func edit(_ line: UnsafeRawBufferPointer, _ edits: TextEdits) {
        path.begin()
        // Where the members of each open object begin.
        var starts: [Int] = []
        var tokens = JSONTokens(line)
        while let token = tokens.next() {
            path.follow(token, in: line)
            switch token.kind {
            case .objectStart, .arrayStart: starts.append(token.range.lowerBound)
            case .objectEnd, .arrayEnd: starts.removeLast()
            case .name:
                guard let rename = renames.first(where: { $0.path == path.bytes }), let start = starts.last,
                    !hasMember(rename.newName, objectAt: start, of: line)
                else { continue }
                edits.replace(token.range) { $0 += rename.escapedName }
            case .string, .number, .literal: break
            }
        }
    }

    private func hasMember(_ name: [UInt8], objectAt start: Int, of line: UnsafeRawBufferPointer) -> Bool {
        var tokens = JSONTokens(line, from: start)
        _ = tokens.next()
        while let token = tokens.next() {
            switch token.kind {
            case .objectStart, .arrayStart: _ = tokens.skipContainer()
            case .objectEnd: return false
            case .name:
                decoded.removeAll(keepingCapacity: true)
                JSONStringDecoding.append(UnsafeRawBufferPointer(rebasing: line[token.range]), to: &decoded)
                if decoded == name { return true }
            case .arrayEnd, .string, .number, .literal: break
            }
        }
        return false
    }
}

extension FieldRename {
    /// The dotted path that the member has afterwards.
    var newPath: String {
        guard let dot = field.lastIndex(of: ".") else { return name }
        return field[...dot] + name
    }
}
