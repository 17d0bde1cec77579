import CLinux
import Glibc

/// The encoding of a text file, by a name that the C library's `iconv(3)` knows.
package struct TextEncoding: Equatable, Sendable {
    /// As `iconv_open(3)` takes it.
    package let name: String
    package let unit: CodeUnit

    package static let utf8 = TextEncoding(name: "UTF-8", unit: .byte)

    private init(name: String, unit: CodeUnit) {
        self.name = name
        self.unit = unit
    }

    package enum Problem: Error, Equatable {
        /// The C library does not know it, or the table for it is not installed.
        case unknown
        /// A newline is another byte than in ASCII.
        case unusualNewline
    }

    /// `name` in any case; UTF-16 and UTF-32 without byte order are little-endian unless the file's mark says otherwise.
    package init(named name: String) throws(Problem) {
        let folded = name.uppercased()
        switch folded {
        case "UTF-8", "UTF8": self = .utf8
        case "UTF-16", "UTF16", "UTF-16LE", "UTF16LE", "UCS-2", "UCS-2LE": self = Self(name: "UTF-16LE", unit: .utf16LittleEndian)
        case "UTF-16BE", "UTF16BE", "UCS-2BE": self = Self(name: "UTF-16BE", unit: .utf16BigEndian)
        case "UTF-32", "UTF32", "UTF-32LE", "UCS-4LE": self = Self(name: "UTF-32LE", unit: .utf32LittleEndian)
        case "UTF-32BE", "UCS-4", "UCS-4BE": self = Self(name: "UTF-32BE", unit: .utf32BigEndian)
        default: self = Self(name: folded, unit: .byte)
        }
        if self == .utf8 { return }
        guard let decoder = TextDecoder(self) else { throw .unknown }
        guard decoder.decodesNewline() else { throw .unusualNewline }
    }

    /// What a file is encoded in that was declared as `declared` and begins with `mark`. A mark is believed where Unicode was declared:
    /// in other encodings its bytes are letters.
    package static func of(declared: TextEncoding, mark: ByteOrderMark?) -> TextEncoding {
        guard let mark, declared == .utf8 || declared.unit != .byte else { return declared }
        return switch mark {
        case .utf8: .utf8
        case .utf16LittleEndian: Self(name: "UTF-16LE", unit: .utf16LittleEndian)
        case .utf16BigEndian: Self(name: "UTF-16BE", unit: .utf16BigEndian)
        case .utf32LittleEndian: Self(name: "UTF-32LE", unit: .utf32LittleEndian)
        case .utf32BigEndian: Self(name: "UTF-32BE", unit: .utf32BigEndian)
        }
    }

    /// How many of a file's first bytes are a mark and no text.
    package func markBytes(_ mark: ByteOrderMark?) -> Int {
        guard let mark, Self.of(declared: self, mark: mark) == self, self == .utf8 || unit != .byte else { return 0 }
        return mark.byteCount
    }
}

/// Turns lines of one encoding into UTF-8. What is no text in it becomes U+FFFD, once for each unit that could not be read.
///
/// Used by one thread; what it gives is valid until its next use.
package final class TextDecoder {
    package let encoding: TextEncoding
    private let descriptor: iconv_t
    private var output = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    private var outputCount = 0
    /// How many U+FFFD were written in place of bytes that could not be read.
    package private(set) var replacedSequences: UInt64 = 0

    private static let replacement: [UInt8] = [0xef, 0xbf, 0xbd]

    /// nil where the C library does not know the encoding.
    package init?(_ encoding: TextEncoding) {
        guard let opened = iconv_open("UTF-8", encoding.name), Int(bitPattern: opened) != -1 else { return nil }
        self.encoding = encoding
        descriptor = opened
    }

    deinit {
        iconv_close(descriptor)
        output.deallocate()
    }

    /// `line` as UTF-8, with the place in the file that it had. `markBytes` at its beginning are left out.
    package func decode(_ line: LineSplitter.Line, markBytes: Int) -> LineSplitter.Line {
        let text = UnsafeRawBufferPointer(rebasing: line.bytes.dropFirst(markBytes))
        return LineSplitter.Line(bytes: decode(text, isCut: line.isCut), start: line.start, fileBytes: line.fileBytes, isCut: line.isCut)
    }

    /// `isCut`: an incomplete character at the end is left out.
    func decode(_ bytes: UnsafeRawBufferPointer, isCut: Bool) -> UnsafeRawBufferPointer {
        outputCount = 0
        iconv(descriptor, nil, nil, nil, nil)
        var input = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
        var inputLeft = bytes.count
        while inputLeft > 0 {
            var target = output.baseAddress?.advanced(by: outputCount).assumingMemoryBound(to: CChar.self)
            var room = output.count - outputCount
            let result = iconv(descriptor, &input, &inputLeft, &target, &room)
            let failure = errno
            outputCount = output.count - room
            if result != -1 {
                flush()
                break
            }
            switch failure {
            case E2BIG:
                grow()
            case EILSEQ:
                replace()
                let passed = min(inputLeft, encoding.unit.width)
                input = input?.advanced(by: passed)
                inputLeft -= passed
                iconv(descriptor, nil, nil, nil, nil)
            default:
                // EINVAL: the line ends inside a character.
                if !isCut { replace() }
                inputLeft = 0
            }
        }
        return UnsafeRawBufferPointer(rebasing: output[..<outputCount])
    }

    /// Writes what waits for a character that would combine with it.
    private func flush() {
        if output.count - outputCount < 16 { grow() }
        var target = output.baseAddress?.advanced(by: outputCount).assumingMemoryBound(to: CChar.self)
        var room = output.count - outputCount
        iconv(descriptor, nil, nil, &target, &room)
        outputCount = output.count - room
    }

    func decodesNewline() -> Bool {
        var newline = [UInt8](repeating: 0, count: encoding.unit.width)
        newline[encoding.unit == .utf16BigEndian || encoding.unit == .utf32BigEndian ? newline.count - 1 : 0] = 0x0a
        return newline.withUnsafeBytes { decode($0, isCut: false).elementsEqual([0x0a]) }
    }

    private func replace() {
        replacedSequences += 1
        if output.count - outputCount < Self.replacement.count { grow() }
        for byte in Self.replacement {
            output[outputCount] = byte
            outputCount += 1
        }
    }

    private func grow() {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: output.count * 2, alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[..<outputCount]))
        output.deallocate()
        output = larger
    }
}

/// The decoders that lines of one source may need, made when a file needs them.
package final class TextDecoders {
    private let declared: TextEncoding
    private var made: [TextDecoder] = []

    package init(declared: TextEncoding) {
        self.declared = declared
    }

    /// nil for UTF-8 without a mark: its bytes are taken as they are.
    package func decoding(of file: TailedFile) -> LineDecoding? {
        let mark = file.byteOrderMark
        if mark == nil && declared == .utf8 { return nil }
        let encoding = TextEncoding.of(declared: declared, mark: mark)
        let markBytes = encoding.markBytes(mark)
        if let decoder = made.first(where: { $0.encoding == encoding }) { return LineDecoding(decoder, markBytes: markBytes) }
        guard let decoder = TextDecoder(encoding) else { return nil }
        made.append(decoder)
        return LineDecoding(decoder, markBytes: markBytes)
    }
}
