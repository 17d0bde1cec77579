/// The text of one configuration file, for showing places in it.
struct ConfigurationText: Sendable {
    let bytes: [UInt8]
    /// Where each line starts.
    private let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
    }

    func position(of offset: Int) -> TextPosition {
        let line = lineIndex(of: offset)
        return TextPosition(line: line + 1, column: scalarCount(lineStarts[line]..<offset) + 1)
    }

    /// The line that `offset` is in, without its end.
    func line(around offset: Int) -> String {
        let index = lineIndex(of: offset)
        var end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : bytes.count
        if end > lineStarts[index], bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return String(decoding: bytes[lineStarts[index]..<end], as: UTF8.self)
    }

    /// How many characters of `range` are on the line where it starts; at least 1.
    func shownLength(of range: Range<Int>) -> Int {
        let newline = bytes[range].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? range.upperBound
        return max(1, scalarCount(range.lowerBound..<newline))
    }

    private func lineIndex(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Bytes that continue a character do not count.
    private func scalarCount(_ range: Range<Int>) -> Int {
        bytes[range.clamped(to: 0..<bytes.count)].reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
    }
}
