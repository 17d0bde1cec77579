/// Writes gzip members (RFC 1952), one after the other, with one state that is allocated once.
///
/// A member's header carries no time and no name, so that the same input, level and pieces always give the same bytes.
/// An encoder belongs to one thread. It holds less than 512 KiB, whatever the size of the input.
package final class GzipEncoder {
    private enum Deflate {
        case fast(FastDeflate)
        case zlib(ZlibDeflate)
    }

    private let deflate: Deflate

    package init(level: GzipLevel) {
        switch level {
        case .fast: deflate = .fast(FastDeflate())
        case .zlib(let number): deflate = .zlib(ZlibDeflate(level: number))
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
        switch deflate {
        case .fast(let fast): fast.begin()
        case .zlib(let zlib): zlib.begin()
        }
    }

    /// Takes the member's next piece, which it does not keep, and appends to `output` what is ready by now.
    package func append(_ piece: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        switch deflate {
        case .fast(let fast): fast.append(piece, into: &output)
        case .zlib(let zlib): zlib.append(piece, into: &output)
        }
    }

    /// Takes the member's next piece, which it does not keep, and appends to `output` what is ready by now.
    package func append(_ piece: RawSpan, into output: inout [UInt8]) {
        piece.withUnsafeBytes { append($0, into: &output) }
    }

    /// Appends the rest of the member to `output`.
    package func finish(into output: inout [UInt8]) {
        switch deflate {
        case .fast(let fast): fast.finish(into: &output)
        case .zlib(let zlib): zlib.finish(into: &output)
        }
    }
}
