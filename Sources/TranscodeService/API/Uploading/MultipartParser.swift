import Glibc

/// Takes a `multipart/form-data` body apart while it arrives (RFC 7578; RFC 2046 §5.1). A value: bytes in, events out; the same events
/// wherever the pieces end. It keeps no more than one part's head, or the length of a boundary.
struct MultipartParser: Sendable {
    enum Event: Equatable {
        case part(MultipartPart)
        /// Of the part that began last.
        case data(ArraySlice<UInt8>)
        case partEnd
    }

    /// Where it is no form.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case badDelimiter
        case preambleTooLong
        case headTooLong
        case badHeadLine
        case tooManyParts
        case badDisposition
        case encodedPart(String)
        case epilogueTooLong
        /// The closing boundary did not come.
        case endedEarly

        var description: String {
            switch self {
            case .badDelimiter: "a boundary is not followed by the end of its line"
            case .preambleTooLong: "it does not begin with the boundary that its Content-Type names"
            case .headTooLong: "a part has more than \(MultipartParser.maximumHeadBytes) bytes of header fields"
            case .badHeadLine: "a part has a line that is no header field"
            case .tooManyParts: "it has more than \(MultipartParser.maximumParts) parts"
            case .badDisposition: "a part has no Content-Disposition: form-data with a name"
            case .encodedPart(let coding): "a part has the Content-Transfer-Encoding \(coding); send its bytes as they are"
            case .epilogueTooLong: "there is more behind its closing boundary"
            case .endedEarly: "its closing boundary is missing"
            }
        }
    }

    static let maximumHeadBytes = 8 << 10
    static let maximumParts = 16
    /// Before the first boundary and behind the last.
    static let maximumOutsideBytes = 4 << 10

    private enum State {
        case preamble
        case delimiterEnd
        case head
        case data
        case epilogue
    }

    /// CR LF, two dashes and the boundary.
    private let delimiter: [UInt8]
    private var state = State.preamble
    /// What was not taken yet. The first boundary is found as if a line had ended before the body.
    private var buffer = Array("\r\n".utf8)
    private var parts = 0
    private var outsideBytes = 0

    /// nil: the text is no boundary (RFC 2046 §5.1.1).
    init?(boundary: String) {
        let bytes = Array(boundary.utf8)
        guard (1...70).contains(bytes.count), bytes.last != 0x20, bytes.allSatisfy(Self.isBoundaryCharacter) else { return nil }
        delimiter = Array("\r\n--".utf8) + bytes
    }

    private static func isBoundaryCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }

    /// Whether the closing boundary was there.
    var isComplete: Bool { if case .epilogue = state { true } else { false } }

    /// `take` gets what `bytes` complete. After an error the parser is of no more use.
    mutating func parse<E: Error>(_ bytes: [UInt8], _ take: (Event) throws(E) -> Void) throws(MultipartError<E>) {
        buffer += bytes
        var start = 0
        while try step(&start, take) {}
        buffer.removeSubrange(..<start)
    }

    /// The body has no more bytes.
    func finish() throws(Failure) {
        if !isComplete { throw .endedEarly }
    }

    /// False: more bytes are needed.
    private mutating func step<E: Error>(_ start: inout Int, _ take: (Event) throws(E) -> Void) throws(MultipartError<E>) -> Bool {
        let event: Event?
        let goesOn: Bool
        do throws(Failure) { (event, goesOn) = try next(&start) } catch { throw .form(error) }
        if let event {
            do throws(E) { try take(event) } catch { throw .consumer(error) }
        }
        return goesOn
    }

    /// The next event, if bytes from `start` on make one; and whether there may be another.
    private mutating func next(_ start: inout Int) throws(Failure) -> (event: Event?, goesOn: Bool) {
        switch state {
        case .preamble:
            let found = Self.find(delimiter, in: buffer, from: start)
            let end = found ?? max(start, buffer.count - delimiter.count + 1)
            outsideBytes += end - start
            if outsideBytes > Self.maximumOutsideBytes { throw .preambleTooLong }
            start = found.map { $0 + delimiter.count } ?? end
            if found != nil { state = .delimiterEnd }
            return (nil, found != nil)
        case .delimiterEnd: return (nil, try takeDelimiterEnd(&start))
        case .head:
            guard let part = try takeHead(&start) else { return (nil, false) }
            state = .data
            return (.part(part), true)
        case .data:
            let end = Self.find(delimiter, in: buffer, from: start)
            if end == start {
                start += delimiter.count
                state = .delimiterEnd
                return (.partEnd, true)
            }
            let data = buffer[start..<(end ?? max(start, buffer.count - delimiter.count + 1))]
            start = data.endIndex
            return (data.isEmpty ? nil : .data(data), end != nil)
        case .epilogue:
            outsideBytes += buffer.count - start
            start = buffer.count
            if outsideBytes > Self.maximumOutsideBytes { throw .epilogueTooLong }
            return (nil, false)
        }
    }

    /// What follows a boundary: two dashes where it is the last, else blanks and the line's end.
    private mutating func takeDelimiterEnd(_ start: inout Int) throws(Failure) -> Bool {
        let rest = buffer[start...]
        guard let first = rest.first else { return false }
        if first == UInt8(ascii: "-") {
            guard rest.count >= 2 else { return false }
            guard rest[start + 1] == UInt8(ascii: "-") else { throw .badDelimiter }
            start += 2
            outsideBytes = 0
            state = .epilogue
            return true
        }
        let blanks = rest.prefix { $0 == 0x20 || $0 == 0x09 }.count
        if blanks > 64 { throw .badDelimiter }
        let end = rest.dropFirst(blanks).prefix(2)
        if end.first.map({ $0 != 0x0d }) == true || end.count == 2 && end.last != 0x0a { throw .badDelimiter }
        guard end.count == 2 else { return false }
        start += blanks + 2
        parts += 1
        if parts > Self.maximumParts { throw .tooManyParts }
        state = .head
        return true
    }

    private func takeHead(_ start: inout Int) throws(Failure) -> MultipartPart? {
        let isEmpty = buffer[start...].starts(with: [0x0d, 0x0a])
        let end = isEmpty ? start : Self.find([0x0d, 0x0a, 0x0d, 0x0a], in: buffer, from: start)
        guard let end else {
            if buffer.count - start > Self.maximumHeadBytes + 3 { throw .headTooLong }
            return nil
        }
        if end - start > Self.maximumHeadBytes { throw .headTooLong }
        let part = try MultipartPart(head: buffer[start..<end])
        start = isEmpty ? start + 2 : end + 4
        return part
    }

    private static func find(_ pattern: [UInt8], in buffer: [UInt8], from start: Int) -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var position = start
            while position + pattern.count <= bytes.count {
                guard let found = memchr(base + position, Int32(pattern[0]), bytes.count - pattern.count + 1 - position) else { return nil }
                let offset = UnsafeRawPointer(found) - base
                if memcmp(found, pattern, pattern.count) == 0 { return offset }
                position = offset + 1
            }
            return nil
        }
    }
}

/// Why a body could not be taken apart: it is no form, or whoever took its parts refused.
enum MultipartError<Refusal: Error>: Error {
    case form(MultipartParser.Failure)
    case consumer(Refusal)
}

/// The head of one part.
struct MultipartPart: Equatable, Sendable {
    /// Of the form's field.
    var name: String
    var fileName: String?

    init(name: String, fileName: String? = nil) {
        self.name = name
        self.fileName = fileName
    }

    fileprivate init(head: ArraySlice<UInt8>) throws(MultipartParser.Failure) {
        var disposition: HeaderParameters?
        for line in try Self.lines(of: head) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                let text = String(validating: line[(colon + 1)...], as: UTF8.self), !line.contains(0)
            else { throw .badHeadLine }
            switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
            case "content-disposition":
                guard disposition == nil, let parsed = HeaderParameters(text) else { throw .badDisposition }
                disposition = parsed
            case "content-transfer-encoding":
                let coding = String(text.filter { $0 != " " && $0 != "\t" }.lowercased().prefix(32))
                // RFC 7578 §4.7: others are not for HTTP.
                guard ["7bit", "8bit", "binary"].contains(coding) else { throw .encodedPart(coding) }
            default: break
            }
        }
        guard let disposition, disposition.value == "form-data", let name = disposition["name"], !name.isEmpty else {
            throw .badDisposition
        }
        self.name = name
        fileName = disposition["filename"]
    }

    private static func lines(of head: ArraySlice<UInt8>) throws(MultipartParser.Failure) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = head
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0a }
            rest = rest.dropFirst(line.count + 1)
            // Lines end in CR LF, and there is no other CR.
            let hasEnd = line.endIndex < head.endIndex
            let content = hasEnd ? line.dropLast() : line
            if hasEnd && line.last != 0x0d || content.contains(0x0d) { throw .badHeadLine }
            lines.append(content)
        }
        return lines
    }
}
