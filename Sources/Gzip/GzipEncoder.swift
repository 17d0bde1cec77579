/// Writes gzip members (RFC 1952), one after the other, with one state that is allocated once.
///
/// A member's header carries no time and no name, so that the same input, level and pieces always give the same bytes.
/// An encoder belongs to one thread. It holds about 256 KiB, whatever the size of the input.
package final class GzipEncoder {
    private let deflate: ZlibDeflate

    package init(level: GzipLevel) {
        switch level {
        case .zlib(let number): deflate = ZlibDeflate(level: number)
        }
    }

    /// Appends `input` as one whole member to `output`.
    package func compress(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        begin()
        append(input, into: &output)
        finish(into: &output)
    }

    /// Appends `input` as one whole member to `output`.
    package func compress(_ input: RawSpan, into output: inout [UInt8]) {
        input.withUnsafeBytes { compress($0, into: &output) }
    }

    /// Starts a member that is given in pieces. What was begun before and not finished is forgotten.
    package func begin() {
        deflate.begin()
    }

    /// Takes the member's next piece, which it does not keep, and appends to `output` what is ready by now.
    package func append(_ piece: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        deflate.append(piece, into: &output)
    }

    /// Takes the member's next piece, which it does not keep, and appends to `output` what is ready by now.
    package func append(_ piece: RawSpan, into output: inout [UInt8]) {
        piece.withUnsafeBytes { append($0, into: &output) }
    }

    /// Appends the rest of the member to `output`.
    package func finish(into output: inout [UInt8]) {
        deflate.finish(into: &output)
    }
}
