@testable import HTTP

/// Messages made up at random, for property tests.
enum RandomMessages {
    private static let token = Array("abcXYZ019!#$%&'*+-.^_`|~".utf8)
    private static let visible = (UInt8(0x21)...0x7e).filter { $0 != UInt8(ascii: "#") }
    private static let words = [
        "\r\n", "\n", "\r", " ", "\t", ":", "0", "5\r\n", "chunked", "Content-Length: 5\r\n", "\0", ";", "HTTP/1.1", "\r\n\r\n", ",",
    ]

    static func bytes(_ random: inout SeededGenerator, count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    static func text(_ alphabet: [UInt8], _ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> String {
        let count = Int.random(in: range, using: &random)
        return String(decoding: (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }, as: UTF8.self)
    }

    static func headers(_ random: inout SeededGenerator) -> HTTPHeaders {
        var headers: HTTPHeaders = [:]
        for _ in 0..<Int.random(in: 0...10, using: &random) {
            // "X" first, so that it is none of the fields with a meaning. Spaces and tabs inside a value are kept.
            let value = text(visible, 0...5, &random) + " \t" + text(visible, 1...20, &random)
            headers.append("X" + text(token, 0...12, &random), value.hasPrefix(" ") ? "\u{fc}" + value : value)
        }
        return headers
    }

    static func requestHead(_ random: inout SeededGenerator) -> RequestHead {
        var headers = headers(&random)
        headers.append("Host", "example.org:\(Int.random(in: 1...65535, using: &random))")
        let line = RequestLine(method: HTTPMethod(rawValue: text(token, 1...10, &random)), target: "/" + text(visible, 0...50, &random))
        return RequestHead(start: line, headers: headers)
    }

    /// `body` in chunks of random sizes.
    static func chunked(_ body: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var result: [UInt8] = []
        for piece in cut(body, &random) where !piece.isEmpty {
            let size = Bool.random(using: &random) ? String(piece.count, radix: 16) : "00" + String(piece.count, radix: 16, uppercase: true)
            result += Array("\(size)\(Bool.random(using: &random) ? ";a=b" : "")\r\n".utf8) + piece + [0x0d, 0x0a]
        }
        return result + Array("0\r\n\(Bool.random(using: &random) ? "Trailer: x\r\n" : "")\r\n".utf8)
    }

    static func cut(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...40, using: &random))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }

    /// One of `samples` with a few bytes changed, removed, inserted or doubled.
    static func mutated(_ samples: [[UInt8]], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let index = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, index + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(index..<end)
            case 1: bytes.insert(contentsOf: words[Int.random(in: 0..<words.count, using: &random)].utf8, at: index)
            case 2: bytes.insert(contentsOf: Array(bytes[index..<end]), at: index)
            case 3: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
            default: if index < bytes.count { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            }
        }
        return bytes
    }
}
