import Gzip

/// The first byte says how the rest is used: as it is or many times over, which moves the window; as gzip data as well.
enum GzipFuzzing {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first, bytes.count > 1 else { return }
        let rest = Array(bytes[1...])
        var input = rest
        if first & 1 == 1 {
            while input.count < 300_000 {
                // Not quite the same again: matches end and begin anew.
                input += rest
                input.append(UInt8(truncatingIfNeeded: input.count &>> 3))
            }
        }

        let encoder = GzipEncoder(level: .fast)
        var whole: [UInt8] = []
        encoder.compress(input.span.bytes, into: &whole)
        guard let inflated = try? GzipDecoder.decompress(whole, maximumBytes: input.count), inflated == input else {
            preconditionFailure("the input does not come back")
        }

        var inPieces: [UInt8] = []
        let pieceBytes = max(Int(first >> 1) * (input.count / 100 + 1), 1)
        encoder.begin()
        for pieceStart in stride(from: 0, to: input.count, by: pieceBytes) {
            encoder.append(input[pieceStart..<min(pieceStart + pieceBytes, input.count)].span.bytes, into: &inPieces)
        }
        encoder.finish(into: &inPieces)
        // What is large is compressed where it stands, without what came before it.
        if input.count < 256 << 10 {
            precondition(inPieces == whole, "pieces make a difference")
        } else {
            let fromPieces = try? GzipDecoder.decompress(inPieces, maximumBytes: input.count)
            precondition(fromPieces == input, "the pieces do not come back")
        }

        _ = try? GzipDecoder.decompress(rest, maximumBytes: 1 << 20)
    }
}
