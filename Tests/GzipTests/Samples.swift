import Gzip

/// A small generator with a fixed seed (splitmix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int, from alphabet: [UInt8]) -> [UInt8] {
        (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &self)] }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    mutating func hex(_ count: Int) -> String {
        String(decoding: bytes(count, from: Array("0123456789abcdef".utf8)), as: UTF8.self)
    }
}

/// Lines as a service writes them: names that repeat, identifiers that do not.
func logLines(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    var lines: [UInt8] = []
    for index in 0..<count {
        let status = [200, 200, 200, 404, 500][Int.random(in: 0..<5, using: &random)]
        lines += Array(
            """
            {"timestamp":"2026-03-01T12:00:\(10 + index % 50).\(100 + index % 900)Z","level":"INFO","logger":"transcode.api",\
            "message":"Request finished","event":"http.request","trace_id":"\(random.hex(32))","span_id":"\(random.hex(16))",\
            "method":"GET","endpoint":"/api/v1/jobs","status":\(status),"duration_ms":\(Int.random(in: 1...9_999, using: &random))}\n
            """.utf8)
    }
    return lines
}

func gzip(_ input: [UInt8], _ level: GzipLevel) -> [UInt8] {
    var output: [UInt8] = []
    GzipEncoder(level: level).compress(input.span.bytes, into: &output)
    return output
}

func gunzip(_ input: [UInt8], limit: Int = .max) throws(GzipError) -> [UInt8] {
    try GzipDecoder.decompress(input, maximumBytes: limit)
}
