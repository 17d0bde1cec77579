import Glibc
import JSONScanning

/// Finds the fields of a line of logfmt: `level=info msg="shut down" took=3ms retry`.
///
/// There is no standard; this reads what Go's `log/slog`, go-kit, logrus and Heroku's writers write:
/// - Pairs stand between blanks (any bytes up to 0x20). A value in quotes may hold blanks, and escapes with a backslash as Go and JSON
///   write them; any other value goes on to the next blank, whatever is in it.
/// - A name without `=` is a field with the text `true`.
/// - Of several pairs with one name the last counts. A name is taken as a whole, dots included.
/// - A line without any `=` between a name and a value is no logfmt.
struct LogfmtReader {
    /// What a name without a value reads as.
    private static let bareValue = Array("true".utf8)

    /// Sets the fields of `line`, which is not empty. `copy` is filled only if a wanted field does not stand in the line: the ranges
    /// then are of `copy.text`, which begins with the line.
    func read(
        _ line: UnsafeRawBufferPointer, into fields: JSONScanner, _ copy: LineCopy
    ) throws(LogfmtError) -> UnsafeRawBufferPointer {
        guard let base = line.baseAddress else { return line }
        var place = 0
        var bareRange: Range<Int>?
        var hasPair = false
        while true {
            while place < line.count, Self.isBlank(base, place) { place += 1 }
            guard place < line.count else { break }
            let start = place
            let stop = try Self.endOfName(base, from: start, line.count)
            let name = UnsafeRawBufferPointer(rebasing: line[start..<stop])
            let slot = fields.slot(named: name)
            guard stop < line.count, base.load(fromByteOffset: stop, as: UInt8.self) == UInt8(ascii: "=") else {
                place = stop
                guard let slot else { continue }
                let range = bareRange ?? copy.append(Self.bareValue, behind: line)
                bareRange = range
                fields.set(slot, FieldValue(range, .true_))
                continue
            }
            if name.isEmpty { throw LogfmtError(reason: .nameMissing, offset: start) }
            hasPair = true
            let value = try Self.value(line, base, at: stop + 1)
            place = value.end
            if let slot { fields.set(slot, FieldValue(value.range, .string, hasEscapes: value.hasEscapes)) }
        }
        guard hasPair else { throw LogfmtError(reason: .noPair, offset: 0) }
        return bareRange == nil ? line : copy.text
    }

    private static func isBlank(_ base: UnsafeRawPointer, _ place: Int) -> Bool {
        base.load(fromByteOffset: place, as: UInt8.self) <= 0x20
    }

    /// The place of the `=` or blank behind a name, or the end.
    private static func endOfName(_ base: UnsafeRawPointer, from start: Int, _ end: Int) throws(LogfmtError) -> Int {
        var place = start
        while place < end {
            let byte = base.load(fromByteOffset: place, as: UInt8.self)
            if byte <= 0x20 || byte == UInt8(ascii: "=") { break }
            if byte == UInt8(ascii: "\"") { throw LogfmtError(reason: .quoteInName, offset: place) }
            place += 1
        }
        return place
    }

    /// The value that starts at `start`, and the place behind it.
    private static func value(
        _ line: UnsafeRawBufferPointer, _ base: UnsafeRawPointer, at start: Int
    ) throws(LogfmtError) -> (range: Range<Int>, hasEscapes: Bool, end: Int) {
        var place = start
        guard place < line.count, base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: "\"") else {
            while place < line.count, !isBlank(base, place) { place += 1 }
            return (start..<place, false, place)
        }
        place += 1
        var hasEscapes = false
        while place < line.count {
            switch base.load(fromByteOffset: place, as: UInt8.self) {
            case UInt8(ascii: "\""):
                let end = place + 1
                guard end == line.count || isBlank(base, end) else { throw LogfmtError(reason: .bytesBehindQuote, offset: end) }
                return (start + 1..<place, hasEscapes, end)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                place += 2
            default:
                place += 1
            }
        }
        throw LogfmtError(reason: .quoteNotClosed, offset: start)
    }
}

/// Why a line is no logfmt.
struct LogfmtError: Error, Equatable, CustomStringConvertible {
    enum Reason: UInt8, Sendable {
        case noPair, nameMissing, quoteInName, bytesBehindQuote, quoteNotClosed
    }

    let reason: Reason
    /// Counted in bytes from the start of the line.
    let offset: Int

    var description: String {
        switch reason {
        case .noPair: "there is no `name=value` in the line"
        case .nameMissing: "the `=` at byte \(offset) has no name before it"
        case .quoteInName: "found `\"` at byte \(offset), where a name was expected: only a value can be in quotes"
        case .bytesBehindQuote: "something follows the closing quote at byte \(offset); a blank was expected"
        case .quoteNotClosed: "the value that starts with a quote at byte \(offset) has no closing one"
        }
    }
}
