import Foundation
import JSONScanning
import Testing

struct JSONStringEscapingTests {
    private func escaped(_ source: [UInt8]) -> (bytes: [UInt8], replaced: Int) {
        var bytes: [UInt8] = []
        let replaced = source.withUnsafeBytes { JSONStringEscaping.append($0, to: &bytes) }
        return (bytes, replaced)
    }

    @Test(arguments: [
        ("", ""), ("plain", "plain"), ("\"", #"\""#), ("\\", #"\\"#), ("\n\r\t\u{8}\u{C}", #"\n\r\t\b\f"#),
        ("\u{0}\u{1}\u{1F}", #"\u0000\u0001\u001f"#),
        ("\u{7F}/", "\u{7F}/"), ("é日🙂", "é日🙂"), (#"{"level":"INFO","msg":"a \"b\""}"#, #"{\"level\":\"INFO\",\"msg\":\"a \\\"b\\\"\"}"#),
        ("12345678\"12345678", #"12345678\"12345678"#), ("1234567é\n日本語\"ab", #"1234567é\n日本語\"ab"#),
    ])
    func `what JSON demands is escaped and nothing else`(text: String, expected: String) {
        let result = escaped(Array(text.utf8))
        #expect(String(decoding: result.bytes, as: UTF8.self) == expected)
        #expect(result.replaced == 0)
    }

    @Test(arguments: [
        ([0xFF], 1), ([0xC0, 0xAF], 2), ([0xE0, 0x80, 0xAF], 3), ([0xED, 0xA0, 0x80], 3), ([0xF4, 0x90, 0x80, 0x80], 4),
        ([0xF0, 0x9F, 0x98], 1),
        ([0xE2, 0x82], 1), ([0xE2, 0x82, 0x41], 1), ([0xC3, 0x28], 1), ([0x80], 1), ([0xF8, 0x88, 0x80, 0x80, 0x80], 5),
        ([0xF0, 0x80, 0x80, 0x80], 4),
        ([0xE2, 0x82, 0xE2, 0x82, 0xAC], 1), ([0xF1, 0x80, 0xC3, 0xA9], 1),
    ])
    func `bytes that are no UTF-8 are replaced as String replaces them`(bytes: [UInt8], replaced: Int) {
        for prefix in ["", "1234567", "12345678"] {
            let source = Array(prefix.utf8) + bytes
            let result = escaped(source)
            #expect(String(decoding: result.bytes, as: UTF8.self) == String(decoding: source, as: UTF8.self))
            #expect(result.replaced == replaced)
        }
    }

    @Test(arguments: 0..<4)
    func `random bytes come back from Foundation as String decodes them`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<300 {
            let source = Self.randomBytes(&random)
            let result = escaped(source)
            let data = Data(Array("[\"".utf8) + result.bytes + Array("\"]".utf8))
            let back = try #require(try JSONSerialization.jsonObject(with: data) as? [String])
            let expected = String(decoding: source, as: UTF8.self)
            #expect(Array(back[0].utf8) == Array(expected.utf8), "\(source)")
        }
    }

    @Test(arguments: 0..<4)
    func `with and without the help of the processor the result is the same`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) + 50)
        for _ in 0..<300 {
            let source = Self.randomBytes(&random)
            let room = Int.random(in: 0...source.count * 6 + 80, using: &random)
            func escaped(_ escape: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> JSONStringEscaping.Progress) -> [UInt8] {
                var destination = [UInt8](repeating: 0, count: room)
                var rest: [UInt8] = []
                let progress = source.withUnsafeBytes { source in destination.withUnsafeMutableBytes { escape(source, $0) } }
                source[progress.consumed...].withUnsafeBytes { _ = JSONStringEscaping.append($0, to: &rest) }
                return destination[..<progress.written] + rest
            }
            #expect(escaped(JSONStringEscaping.escape) == escaped(JSONStringEscaping.escapeByWords))
        }
    }

    @Test func `text that stays as it is is copied, and no other`() {
        for length in 0...40 {
            let plain = (0..<length).map { UInt8(ascii: "a") + UInt8($0 % 20) }
            #expect(Self.copied(plain) == (length >= 8 ? plain : nil))
            for place in 0..<length {
                for other in [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x1F, 0x80, 0xFF] {
                    var text = plain
                    text[place] = other
                    #expect(Self.copied(text) == nil, "\(other) at \(place) of \(length)")
                }
            }
        }
    }

    private static func copied(_ text: [UInt8]) -> [UInt8]? {
        var target = [UInt8](repeating: 0, count: text.count)
        let isPlain = text.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return false }
                return JSONStringEscaping.copyPlain(from: from, to: to, count: source.count)
            }
        }
        return isPlain ? target : nil
    }

    @Test func `a full destination ends a run between two characters`() throws {
        var random = SeededGenerator(seed: 99)
        for _ in 0..<150 {
            let source = Self.randomBytes(&random)
            let whole = escaped(source)
            for room in [0, 1, 2, 3, 5, 6, 7, 8, 20, 55, 56, 57, 64, 100, whole.bytes.count, whole.bytes.count + 1] {
                var destination = [UInt8](repeating: 0xAA, count: room + 8)
                let progress = source.withUnsafeBytes { source in
                    destination.withUnsafeMutableBytes {
                        JSONStringEscaping.escape(source, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
                    }
                }
                #expect(progress.written <= room)
                #expect(destination[room...].allSatisfy { $0 == 0xAA }, "wrote behind the destination")
                let rest = escaped(Array(source[progress.consumed...]))
                #expect(Array(destination[..<progress.written]) + rest.bytes == whole.bytes)
                #expect(progress.replaced + rest.replaced == whole.replaced)
                #expect(progress.consumed == source.count || room - progress.written < 6, "stopped with room for any character")
            }
        }
    }

    @Test func `marks at any place of a word, and in any rest of one, are escaped`() {
        for length in 0...24 {
            for marks in 0..<256 {
                let source = (0..<length).map { place -> UInt8 in
                    guard marks >> (place % 8) & 1 == 1 else { return UInt8(ascii: "a") + UInt8(place) }
                    return place % 3 == 0 ? UInt8(ascii: "\\") : UInt8(ascii: "\"")
                }
                let expected = source.flatMap { byte in
                    byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") ? [UInt8(ascii: "\\"), byte] : [byte]
                }
                #expect(escaped(source).bytes == expected)
            }
        }
    }

    /// Pieces of all kinds: plain and quoted text, control bytes, whole and broken characters.
    private static func randomBytes(_ random: inout SeededGenerator) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes += Array("some plain text of a line".utf8)
            case 1: bytes += Array(#""key":"value","#.utf8)
            case 2: bytes.append(UInt8.random(in: 0...0x7F, using: &random))
            case 3:
                bytes += Array(
                    ["é", "日本", "🙂", "\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}"].randomElement(using: &random)?.utf8 ?? "".utf8)
            case 4: bytes += (0..<Int.random(in: 1...6, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            default: bytes += Array("🙂日".utf8).prefix(Int.random(in: 0...7, using: &random))
            }
        }
        return bytes
    }
}
