/// One syslog message as one line of a segment, and back.
///
/// A message may hold line feeds. In its line each is `#012`, and a carriage return at its end `#015`: a `#`, and the byte in three octal
/// digits, as rsyslog writes them. A `#` that already stands before three octal digits becomes `#043`, so that the way back is exact.
enum SyslogLine {
    /// Appends `message` with a newline to `lines`. Line feeds, carriage returns and NULs that end it are no part of it, as senders put
    /// them there to separate messages. False where nothing is left: there is no line then.
    static func append(_ message: UnsafeRawBufferPointer, to lines: inout [UInt8]) -> Bool {
        var end = message.count
        while end > 0, [0x0a, 0x0d, 0].contains(message[end - 1]) { end -= 1 }
        guard end > 0 else { return false }
        let body = UnsafeRawBufferPointer(rebasing: message[..<end])
        if !body.contains(where: { $0 == lineFeed || $0 == mark }) {
            lines.append(contentsOf: body)
        } else {
            for (index, byte) in body.enumerated() {
                if byte == lineFeed || (byte == mark && isOctal(body, at: index + 1)) {
                    lines.append(mark)
                    lines.append(UInt8(ascii: "0"))
                    lines.append(UInt8(ascii: "0") + byte >> 3)
                    lines.append(UInt8(ascii: "0") + byte & 7)
                } else {
                    lines.append(byte)
                }
            }
        }
        lines.append(lineFeed)
        return true
    }

    /// The message that a line (without its newline) stands for.
    static func message(of line: UnsafeRawBufferPointer) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(line.count)
        var index = 0
        while index < line.count {
            if line[index] == mark, isOctal(line, at: index + 1) {
                let digits = line[(index + 1)...(index + 3)].map { Int($0 - UInt8(ascii: "0")) }
                message.append(UInt8(truncatingIfNeeded: digits[0] << 6 | digits[1] << 3 | digits[2]))
                index += 4
            } else {
                message.append(line[index])
                index += 1
            }
        }
        return message
    }

    private static let lineFeed: UInt8 = 0x0a
    private static let mark = UInt8(ascii: "#")

    private static func isOctal(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Bool {
        guard index + 3 <= bytes.count else { return false }
        return bytes[index..<index + 3].allSatisfy { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "7") }
    }
}
