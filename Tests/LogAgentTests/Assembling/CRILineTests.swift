import Testing

@testable import LogAgent

struct CRILineTests {
    private func unwrap(_ line: String) throws -> (content: String, line: EnvelopedLine) {
        try Array(line.utf8).withUnsafeBytes { bytes in
            let line = try CRILine.unwrap(bytes)
            return (String(decoding: line.content, as: UTF8.self), line)
        }
    }

    private func error(_ line: String) -> CRILineError? {
        do {
            _ = try unwrap(line)
            return nil
        } catch {
            return error as? CRILineError
        }
    }

    @Test func `a line has its time, stream, tag and content`() throws {
        let full = try unwrap("2016-10-06T00:17:09.669794202Z stdout F log content 1")
        #expect(full.content == "log content 1")
        #expect(full.line.time == 1_475_713_029_669_794_202)
        #expect(full.line.stream == .stdout && !full.line.isPartial)
        let part = try unwrap("2016-10-06T02:17:09.669794202+02:00 stderr P  two blanks ")
        #expect(part.content == " two blanks ")
        #expect(part.line.time == 1_475_713_029_669_794_202)
        #expect(part.line.stream == .stderr && part.line.isPartial)
    }

    @Test func `more tags may follow the first, and content may be missing`() throws {
        #expect(try unwrap("2016-10-06T00:17:09Z stdout P:tag2:tag3 x").line.isPartial)
        #expect(try unwrap("2016-10-06T00:17:09Z stdout F ").content == "")
        #expect(try unwrap("2016-10-06T00:17:09Z stdout F").content == "")
    }

    @Test(arguments: [
        ("", CRILineError.time), ("plain text", .time), ("2016-10-06T00:17:09Z", .time), ("2016-13-06T00:17:09Z stdout F x", .time),
        ("2016-10-06T00:17:09Z stdin F x", .stream), ("2016-10-06T00:17:09Z stdout", .stream), ("2016-10-06T00:17:09Z  F x", .stream),
        ("2016-10-06T00:17:09Z stdout  x", .tag), ("2016-10-06T00:17:09Z stdout X x", .tag), ("2016-10-06T00:17:09Z stdout ", .tag),
        ("2016-10-06T00:17:09Z stdout FULL x", .tag),
    ])
    func `what is no line of a container runtime is told`(line: String, expected: CRILineError) {
        #expect(error(line) == expected)
    }

    @Test func `no random line is too odd`() {
        var random = SystemRandomNumberGenerator()
        let parts = ["2016-10-06T00:17:09Z", " ", "stdout", "stderr", "P", "F", ":", "x", "", "\u{1F600}"]
        for _ in 0..<2000 {
            let line = (0..<Int.random(in: 0...8, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            _ = error(line)
        }
    }
}
