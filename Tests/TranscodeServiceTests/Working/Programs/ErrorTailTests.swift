import Testing

@testable import TranscodeService

@Suite struct ErrorTailTests {
    private func tail(of bytes: [UInt8], pieces: Int) -> String {
        var tail = ErrorTail()
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(pieces).withUnsafeBytes { tail.append($0) }
            rest = rest.dropFirst(pieces)
        }
        return tail.text
    }

    @Test(arguments: [1, 7, 4096, 100_000])
    func `keeps the last bytes, however they come`(pieces: Int) {
        let bytes = (0..<50_000).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        #expect(tail(of: bytes, pieces: pieces) == String(decoding: bytes.suffix(ErrorTail.maximumBytes), as: UTF8.self))
    }

    @Test func `keeps all of a short text`() {
        #expect(tail(of: Array("no such file\n".utf8), pieces: 3) == "no such file\n")
    }

    @Test func `does not begin within a character`() {
        let text = String(repeating: "é", count: ErrorTail.maximumBytes) + "x"
        #expect(tail(of: Array(text.utf8), pieces: 1000) == String(repeating: "é", count: ErrorTail.maximumBytes / 2 - 1) + "x")
    }
}
