import Gzip
import TestSupport
import Testing

struct CRC32Tests {
    @Test func `the check value of the standard is right`() {
        Array("123456789".utf8).withUnsafeBytes { #expect(CRC32.of($0) == 0xCBF4_3926) }
    }

    /// Bit by bit, as the standard says it.
    private func definition(_ bytes: ArraySlice<UInt8>, continuing checksum: UInt32) -> UInt32 {
        ~bytes.reduce(~checksum) { state, byte in
            (0..<8).reduce(state ^ UInt32(byte)) { state, _ in state >> 1 ^ (state & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
    }

    @Test func `every length and start up to a few vectors gives what the definition gives`() {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<367).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for start in 0..<17 {
            for end in start..<start + 350 {
                let checksum = UInt32.random(in: 0 ... .max, using: &generator)
                let found = bytes[start..<end].withUnsafeBytes { CRC32.of($0, continuing: checksum) }
                #expect(found == definition(bytes[start..<end], continuing: checksum), "bytes \(start)..<\(end)")
            }
        }
    }

    @Test func `pieces give the checksum of the whole`() {
        var generator = SeededGenerator(seed: 8)
        let bytes = (0..<30_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var checksum: UInt32 = 0
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 0...3000, using: &generator))
            checksum = piece.withUnsafeBytes { CRC32.of($0, continuing: checksum) }
            rest = rest.dropFirst(piece.count)
        }
        #expect(checksum == definition(bytes[...], continuing: 0))
    }
}
