import CLinux
import Glibc
import JSONScanning

/// A `remove` step: takes members out of a line of JSON, with the commas that belong to them; every other byte stays. Fields of a line
/// that is no JSON are forgotten: its text stays, and they become no label and no metadata.
final class MemberRemoval {
    private let names: [[UInt8]]
    private let slots: [Int]
    private let lastNames: [[UInt8]]
    private var path = MemberPath()
    /// Of each open object: the end of its last member that stays, or nil.
    private var keptEnds: [Int?] = []

    init(_ paths: [String], slot: (String) -> Int) {
        names = paths.map { Array($0.utf8) }
        slots = paths.map(slot)
        lastNames = paths.map { Array(($0.split(separator: ".").last ?? "").utf8) }
    }

    /// Whether the line was changed.
    func apply(to line: TransformedLine) -> Bool {
        guard line.form == .json else { return forgetFields(of: line) }
        guard lastNames.contains(where: { line.line.mayHold(name: $0) }) else { return false }
        return line.edit { edit(line.line, $0) }
    }

    private func forgetFields(of line: TransformedLine) -> Bool {
        var isChanged = false
        for slot in slots where line.fields[slot].kind != .missing {
            line.fields.set(slot, .missing)
            isChanged = true
        }
        return isChanged
    }

    private func edit(_ line: UnsafeRawBufferPointer, _ edits: TextEdits) {
        path.begin()
        keptEnds.removeAll(keepingCapacity: true)
        var tokens = JSONTokens(line)
        while let token = tokens.next() {
            path.follow(token, in: line)
            switch token.kind {
            case .name:
                guard names.contains(path.bytes), let value = tokens.next() else { continue }
                var end = value.wholeRange.upperBound
                if value.kind == .objectStart || value.kind == .arrayStart { end = tokens.skipContainer() }
                remove(token.wholeRange.lowerBound..<end, of: line, edits)
            case .objectStart, .arrayStart: keptEnds.append(nil)
            case .objectEnd, .arrayEnd:
                keptEnds.removeLast()
                keep(until: token.range.upperBound)
            case .string, .number, .literal: keep(until: token.wholeRange.upperBound)
            }
        }
    }

    private func keep(until end: Int) {
        if let last = keptEnds.indices.last { keptEnds[last] = end }
    }

    private func remove(_ member: Range<Int>, of line: UnsafeRawBufferPointer, _ edits: TextEdits) {
        var next = member.upperBound
        while next < line.count, isBlank(line[next]) { next += 1 }
        guard next < line.count, line[next] == UInt8(ascii: ",") else {
            // The last one: the comma before it goes, unless nothing is left before it.
            let start = (keptEnds.last ?? nil) ?? member.lowerBound
            edits.replace(start..<member.upperBound) { _ in }
            return
        }
        next += 1
        while next < line.count, isBlank(line[next]) { next += 1 }
        edits.replace(member.lowerBound..<next) { _ in }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
}

extension UnsafeRawBufferPointer {
    /// Whether a line of JSON can hold a member with this name: it stands there, or something is written with escapes.
    func mayHold(name: [UInt8]) -> Bool {
        guard let baseAddress else { return false }
        return memmem(baseAddress, count, name, name.count) != nil || memchr(baseAddress, 0x5c, count) != nil
    }
}
