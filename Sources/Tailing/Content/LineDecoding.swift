/// How the lines of one file become UTF-8. What it gives is valid until its next use.
package struct LineDecoding {
    private let decoder: TextDecoder
    /// What the file begins with to tell its encoding: no part of its first line.
    private let markBytes: Int

    init(_ decoder: TextDecoder, markBytes: Int) {
        self.decoder = decoder
        self.markBytes = markBytes
    }

    /// What line ends are looked for in.
    package var unit: CodeUnit { decoder.encoding.unit }

    /// How many U+FFFD its decoder has written in place of bytes that could not be read, of other files as well.
    package var replacedSequences: UInt64 { decoder.replacedSequences }

    /// The line that begins at `offset` of the file, with the place that it has there.
    package func decode(_ line: LineSplitter.Line, at offset: UInt64) -> LineSplitter.Line {
        decoder.decode(line, markBytes: mark(at: offset))
    }

    /// Text of several lines that begins at `offset` of the file.
    package func decode(_ text: UnsafeRawBufferPointer, at offset: UInt64) -> UnsafeRawBufferPointer {
        decoder.decode(UnsafeRawBufferPointer(rebasing: text.dropFirst(mark(at: offset))), isCut: false)
    }

    private func mark(at offset: UInt64) -> Int { offset == 0 ? markBytes : 0 }
}
