import Glibc

/// Finds the messages in the bytes of one connection (RFC 6587), in bounded memory.
///
/// How they are framed is told by the first bytes: a number, a blank and `<` begin octet counting (3.4.1); anything else is lines
/// (3.4.2, with a line feed). Where reads end changes nothing.
struct SyslogStreamDecoder {
    /// The peer's bytes are no frames: nothing can be made of what follows.
    struct Malformed: Error, Equatable {
        /// The bytes where a frame's length belongs.
        var found: [UInt8]
    }

    /// What came of a peer's bytes.
    struct Tally: Equatable {
        var messages = 0
        /// Messages of no byte, or of nothing but line ends.
        var empty = 0
        /// Messages that were longer than the limit, and the bytes that were left out of them.
        var cutMessages = 0
        var cutBytes = 0

        static func += (left: inout Tally, right: Tally) {
            left.messages += right.messages
            left.empty += right.empty
            left.cutMessages += right.cutMessages
            left.cutBytes += right.cutBytes
        }
    }

    private enum State: Equatable {
        /// The first bytes of the connection, as far as they may be a frame's length.
        case undecided
        case line
        /// Before or in a frame's length.
        case length
        case frame(remaining: Int)
    }

    /// More digits than any message's length has.
    private static let maximumDigits = 9

    let keptBytes: Int
    private var state = State.undecided
    /// Of a length.
    private var digits: [UInt8] = []
    private var message: [UInt8] = []
    private var cutBytes = 0

    /// `maximumMessageBytes`: of a longer one somewhat more than that is kept, so that the reader of the line cuts and marks it.
    init(maximumMessageBytes: Int) {
        keptBytes = maximumMessageBytes + 4
    }

    /// A message, or the length of one, has begun and not ended.
    var isInsideMessage: Bool {
        if case .frame = state { return true }
        return !digits.isEmpty || !message.isEmpty
    }

    /// Appends each complete message of `bytes` as a line to `lines`.
    mutating func take(_ bytes: UnsafeRawBufferPointer, into lines: inout [UInt8]) throws(Malformed) -> Tally {
        var tally = Tally()
        var index = 0
        while index < bytes.count {
            switch state {
            case .undecided:
                decide(bytes[index], &lines, &tally)
                index += 1
            case .line:
                let rest = UnsafeRawBufferPointer(rebasing: bytes[index...])
                guard let base = rest.baseAddress else { return tally }
                let newline = memchr(base, 0x0a, rest.count).map { UnsafeRawPointer($0) - base }
                keep(UnsafeRawBufferPointer(rebasing: rest[..<(newline ?? rest.count)]))
                index += newline.map { $0 + 1 } ?? rest.count
                if newline != nil { end(&lines, &tally) }
            case .length:
                try takeLength(bytes[index])
                index += 1
                if case .frame(0) = state { end(&lines, &tally) }
            case .frame(let remaining):
                let count = min(remaining, bytes.count - index)
                keep(UnsafeRawBufferPointer(rebasing: bytes[index..<index + count]))
                index += count
                state = .frame(remaining: remaining - count)
                if count == remaining { end(&lines, &tally) }
            }
        }
        return tally
    }

    /// The peer sends no more. What has begun of a message is a line, too.
    mutating func finish(into lines: inout [UInt8]) -> Tally {
        var tally = Tally()
        if state == .undecided { keepDigits() }
        if !message.isEmpty { end(&lines, &tally) }
        digits = []
        return tally
    }

    private mutating func decide(_ byte: UInt8, _ lines: inout [UInt8], _ tally: inout Tally) {
        switch byte {
        case UInt8(ascii: "1")...UInt8(ascii: "9") where digits.count < Self.maximumDigits && digits.last != blank,
            UInt8(ascii: "0") where !digits.isEmpty && digits.count < Self.maximumDigits && digits.last != blank:
            digits.append(byte)
        case blank where !digits.isEmpty && digits.last != blank:
            digits.append(byte)
        case UInt8(ascii: "<") where digits.last == blank:
            digits.removeLast()
            state = .frame(remaining: Self.number(digits))
            digits = []
            keepInFrame(byte)
            if case .frame(0) = state { end(&lines, &tally) }
        default:
            keepDigits()
            state = .line
            if byte == 0x0a { end(&lines, &tally) } else { withUnsafeBytes(of: byte) { keep($0) } }
        }
    }

    private let blank = UInt8(ascii: " ")

    private mutating func takeLength(_ byte: UInt8) throws(Malformed) {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            digits.append(byte)
            if digits.count > Self.maximumDigits { throw Malformed(found: digits) }
        case blank where !digits.isEmpty:
            state = .frame(remaining: Self.number(digits))
            digits = []
        // Some senders end each frame with a line feed or NUL that they do not count.
        case 0x0a where digits.isEmpty, 0x0d where digits.isEmpty, 0 where digits.isEmpty: break
        default:
            throw Malformed(found: digits + [byte])
        }
    }

    private mutating func keepInFrame(_ byte: UInt8) {
        guard case .frame(let remaining) = state, remaining > 0 else { return }
        message.append(byte)
        state = .frame(remaining: remaining - 1)
    }

    private mutating func keep(_ piece: UnsafeRawBufferPointer) {
        let room = min(piece.count, keptBytes - message.count)
        message.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<room]))
        cutBytes += piece.count - room
    }

    /// They were no length.
    private mutating func keepDigits() {
        let text = exchange(&digits, with: [])
        text.withUnsafeBytes { keep($0) }
    }

    private mutating func end(_ lines: inout [UInt8], _ tally: inout Tally) {
        if message.withUnsafeBytes({ SyslogLine.append($0, to: &lines) }) { tally.messages += 1 } else { tally.empty += 1 }
        if cutBytes > 0 { tally.cutMessages += 1 }
        tally.cutBytes += cutBytes
        cutBytes = 0
        message.removeAll(keepingCapacity: message.capacity <= 4096)
        if case .frame = state { state = .length }
    }

    private static func number(_ digits: [UInt8]) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
