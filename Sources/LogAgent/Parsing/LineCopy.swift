import JSONScanning

/// A copy of a line with more text behind it: for fields that do not stand in the line as they are. One per parser, used again for each line.
final class LineCopy {
    private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
    private var count = 0

    deinit { bytes.deallocate() }

    /// The line, and what was appended; moves when more is appended.
    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[..<count]) }

    var isEmpty: Bool { count == 0 }

    /// Forgets the line before.
    func removeAll() { count = 0 }

    /// Copies `line` if it is not there yet, and `more` behind it; gives the place of `more`.
    func append(_ more: [UInt8], behind line: UnsafeRawBufferPointer) -> Range<Int> {
        more.withUnsafeBytes { append($0, behind: line) }
    }

    func append(_ more: UnsafeRawBufferPointer, behind line: UnsafeRawBufferPointer) -> Range<Int> {
        if count == 0 { append(line) }
        let start = count
        append(more)
        return start..<count
    }

    private func append(_ more: UnsafeRawBufferPointer) {
        if count + more.count > bytes.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count * 2, count + more.count), alignment: 8)
            larger.copyMemory(from: text)
            bytes.deallocate()
            bytes = larger
        }
        UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: more)
        count += more.count
    }
}

extension FieldValue {
    init(_ range: Range<Int>, _ kind: Kind, hasEscapes: Bool = false) {
        self.init(start: UInt32(range.lowerBound), end: UInt32(range.upperBound), kind: kind, hasEscapes: hasEscapes)
    }
}
