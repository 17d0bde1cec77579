// Built into one module with the sources of Gzip, by ./run.

/// The first byte says how the rest is used: as it is or many times over, which moves the window; as gzip data as well.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    guard count > 1 else { return 0 }
    let rest = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    var input = rest
    if start[0] & 1 == 1 {
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
        preconditionFailure("The input does not come back.")
    }

    var inPieces: [UInt8] = []
    let pieceBytes = max(Int(start[0] >> 1) * (input.count / 100 + 1), 1)
    encoder.begin()
    for pieceStart in stride(from: 0, to: input.count, by: pieceBytes) {
        encoder.append(input[pieceStart..<min(pieceStart + pieceBytes, input.count)].span.bytes, into: &inPieces)
    }
    encoder.finish(into: &inPieces)
    precondition(inPieces == whole, "Pieces make a difference.")

    _ = try? GzipDecoder.decompress(rest, maximumBytes: 1 << 20)
    return 0
}
