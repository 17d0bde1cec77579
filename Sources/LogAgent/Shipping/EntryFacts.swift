/// What a server looks at when it decides about one entry. Read back from the encoded entry, only once something was refused.
struct EntryFacts: Equatable, Sendable {
    var timestampNanoseconds: UInt64
    /// Of the line as the server has it after it undid the JSON escapes.
    var lineBytes: Int
    var metadataCount: Int
    /// Names and values together.
    var metadataBytes: Int

    init(timestampNanoseconds: UInt64, lineBytes: Int, metadataCount: Int = 0, metadataBytes: Int = 0) {
        self.timestampNanoseconds = timestampNanoseconds
        self.lineBytes = lineBytes
        self.metadataCount = metadataCount
        self.metadataBytes = metadataBytes
    }

    /// From `["1700…","<line>"{,{…}}]`. nil when it is not of that form.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let text = EntryText(bytes) else { return nil }
        timestampNanoseconds = text.timestampNanoseconds
        lineBytes = EntryText.decodedBytes(UnsafeRawBufferPointer(rebasing: bytes[text.line]))
        metadataCount = 0
        metadataBytes = 0
        guard let metadata = text.metadata else { return }
        EntryText.forEachPair(bytes, in: metadata) { name, value in
            metadataCount += 1
            metadataBytes += EntryText.decodedBytes(UnsafeRawBufferPointer(rebasing: bytes[name]))
            metadataBytes += EntryText.decodedBytes(UnsafeRawBufferPointer(rebasing: bytes[value]))
        }
    }
}

/// The parts of an encoded entry, as ranges of its bytes.
struct EntryText {
    let timestampNanoseconds: UInt64
    let timestamp: Range<Int>
    /// Between the quotes, with its escapes.
    let line: Range<Int>
    /// The whole object.
    let metadata: Range<Int>?

    /// nil when the bytes are not of the form that ``OpenBatch`` writes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8, bytes[0] == UInt8(ascii: "["), bytes[1] == UInt8(ascii: "\"") else { return nil }
        var position = 2
        var value: UInt64 = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        guard position > 2, position + 3 < bytes.count, bytes[position] == UInt8(ascii: "\""), bytes[position + 1] == UInt8(ascii: ","),
            bytes[position + 2] == UInt8(ascii: "\"")
        else { return nil }
        timestampNanoseconds = value
        timestamp = 2..<position
        let start = position + 3
        let end = Self.endOfString(bytes, from: start)
        guard end < bytes.count, bytes[bytes.count - 1] == UInt8(ascii: "]") else { return nil }
        line = start..<end
        metadata = end + 2 < bytes.count - 1 ? end + 2..<bytes.count - 1 : nil
    }

    /// Appends `"timestamp":"…","metadata":{…},"line":"…"` of `entry`, these bytes; without metadata where there is none.
    func appendMembers(of entry: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        text.append(contentsOf: #""timestamp":""#.utf8)
        text.append(contentsOf: entry[timestamp])
        text.append(contentsOf: #"","#.utf8)
        if let metadata {
            text.append(contentsOf: #""metadata":"#.utf8)
            text.append(contentsOf: entry[metadata])
            text.append(UInt8(ascii: ","))
        }
        text.append(contentsOf: #""line":""#.utf8)
        text.append(contentsOf: entry[line])
        text.append(UInt8(ascii: "\""))
    }

    /// Where the quote stands that ends the string whose text begins at `start`; the end of `bytes` without one.
    static func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return bytes.count
    }

    /// The texts of names and values, with their escapes, of an object `{"name":"value",…}` of nothing but texts.
    static func forEachPair(_ bytes: UnsafeRawBufferPointer, in object: Range<Int>, _ body: (Range<Int>, Range<Int>) -> Void) {
        var name: Range<Int>?
        var position = object.lowerBound
        while position < object.upperBound {
            if bytes[position] == UInt8(ascii: "\"") {
                let text = position + 1..<endOfString(bytes, from: position + 1)
                if let known = name {
                    body(known, text)
                    name = nil
                } else {
                    name = text
                }
                position = text.upperBound
            }
            position += 1
        }
    }

    /// How long a string's text is in UTF-8 once its escapes are undone.
    static func decodedBytes(_ text: UnsafeRawBufferPointer) -> Int {
        var count = 0
        var position = 0
        while position < text.count {
            guard text[position] == UInt8(ascii: "\\"), position + 1 < text.count else {
                position += 1
                count += 1
                continue
            }
            guard text[position + 1] == UInt8(ascii: "u"), position + 6 <= text.count else {
                position += 2
                count += 1
                continue
            }
            let unit = text[position + 2..<position + 6].reduce(0) { $0 << 4 | hexadecimal($1) }
            position += 6
            switch unit {
            case ..<0x80: count += 1
            case ..<0x800: count += 2
            // The first half of a pair counts for both.
            case 0xD800..<0xDC00: count += 4
            case 0xDC00..<0xE000: break
            default: count += 3
            }
        }
        return count
    }

    private static func hexadecimal(_ digit: UInt8) -> Int {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(digit - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(digit - UInt8(ascii: "A")) + 10
        default: 0
        }
    }
}
