import CLinux
import Configuration
import Glibc

/// A pattern in the syntax of Loki's `pattern` parser: `<ip> - <user> [<_>] "<method> <path> <_>" <status> <_>`.
///
/// `<name>` takes what stands there up to the first occurrence of the text that follows it in the pattern, or up to the end of the line if
/// nothing follows; it may be empty. `<_>` does the same without giving a field. Everything else is text that must stand there, byte for
/// byte. A name is a letter or `_`, then letters, digits and `_`; other things between angle brackets are text. What stands behind
/// the pattern's last text is not looked at.
struct LinePattern: Equatable, Sendable {
    /// As configured.
    let text: String
    /// What must stand at the start of a line; may be empty.
    let opening: [UInt8]
    let captures: [Capture]

    var names: [String] { captures.compactMap(\.name) }

    struct Capture: Equatable, Sendable {
        /// nil for `<_>`.
        var name: String?
        /// The text behind it; empty only for the last one, which then takes the rest of the line.
        var following: [UInt8]
    }

    init(_ text: String) throws(LinePatternError) {
        var literal: [UInt8] = []
        var opening: [UInt8] = []
        var captures: [Capture] = []
        let bytes = Array(text.utf8)
        var place = 0
        func closeLiteral() {
            if captures.isEmpty { opening = literal } else { captures[captures.count - 1].following = literal }
            literal = []
        }
        while place < bytes.count {
            guard let name = Self.captureName(in: bytes, at: place) else {
                literal.append(bytes[place])
                place += 1
                continue
            }
            if let last = captures.last, literal.isEmpty {
                throw .adjacent(last.name ?? "_", name, position: place)
            }
            closeLiteral()
            if name != "_", captures.contains(where: { $0.name == name }) { throw .repeated(name, position: place) }
            captures.append(Capture(name: name == "_" ? nil : name, following: []))
            place += name.utf8.count + 2
        }
        closeLiteral()
        guard captures.contains(where: { $0.name != nil }) else { throw .noName }
        self.text = text
        self.opening = opening
        self.captures = captures
    }

    /// The name between the angle brackets that open at `place`, if they are a capture.
    private static func captureName(in bytes: [UInt8], at place: Int) -> String? {
        guard bytes[place] == UInt8(ascii: "<"), let close = bytes[place...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
        let name = String(decoding: bytes[(place + 1)..<close], as: UTF8.self)
        return ConfigurationNode.isLabelName(name) ? name : nil
    }

    /// Calls `found` with the index of each capture and where it stands in `line`. Takes time in proportion to the length of the line.
    @inline(__always)
    func match(_ line: UnsafeRawBufferPointer, _ found: (Int, Range<Int>) -> Void) throws(LinePatternMismatch) {
        guard let base = line.baseAddress, line.count >= opening.count,
            opening.isEmpty || memcmp(base, opening, opening.count) == 0
        else { throw LinePatternMismatch(capture: 0, offset: 0) }
        var place = opening.count
        var index = 0
        while index < captures.count {
            let following = captures[index].following
            if following.isEmpty {
                found(index, place..<line.count)
                return
            }
            guard let stop = memmem(base + place, line.count - place, following, following.count) else {
                throw LinePatternMismatch(capture: index + 1, offset: place)
            }
            let end = UnsafeRawPointer(stop) - base
            found(index, place..<end)
            place = end + following.count
            index += 1
        }
    }
}

extension LinePattern {
    /// Where the captures stand in a path; empty where it does not fit.
    func captures(in path: String) -> [Range<Int>] {
        var path = path
        return path.withUTF8 { bytes in
            var ranges: [Range<Int>] = []
            do throws(LinePatternMismatch) {
                try match(UnsafeRawBufferPointer(bytes)) { ranges.append($1) }
                return ranges
            } catch {
                return []
            }
        }
    }
}

/// Why a pattern cannot be used. Positions count bytes from 0.
enum LinePatternError: Error, Equatable, CustomStringConvertible {
    case adjacent(String, String, position: Int)
    case repeated(String, position: Int)
    case noName

    var description: String {
        switch self {
        case .adjacent(let first, let second, let position):
            "<\(first)> and <\(second)> at position \(position) have no text between them, so nothing says where the first ends."
        case .repeated(let name, let position): "<\(name)> at position \(position) has come before; use each name once, or <_>."
        case .noName: "No field is named; write <name> where a field stands."
        }
    }
}

/// Where a line stops fitting its pattern. Without references: it goes with every line, and such cost even where there is none.
struct LinePatternMismatch: Error, Equatable, CustomStringConvertible {
    /// The one whose following text is missing, counted from 1; 0 for the text at the start.
    let capture: Int
    /// Where that text was looked for, in bytes from the start of the line.
    let offset: Int

    var description: String {
        capture == 0
            ? "the line does not start with the text that the pattern starts with"
            : "the text behind capture \(capture) of the pattern is nowhere behind byte \(offset)"
    }
}
