import Foundation
import JSONScanning
import Testing

@testable import LogAgent

struct DockerLineTests {
    private func unwrap(_ line: String, attributes: [String] = []) throws -> (content: String, line: EnvelopedLine, attributes: [UInt8]) {
        let reader = DockerLineReader(attributePaths: attributes)
        return try Array(line.utf8).withUnsafeBytes { bytes in
            let line = try reader.unwrap(bytes)
            return (String(decoding: line.content, as: UTF8.self), line, Array(reader.attributes))
        }
    }

    @Test func `a line has its text without the newline, its stream and its time`() throws {
        let line = try unwrap(#"{"log":"hello\n","stream":"stderr","time":"2016-10-06T00:17:09.669794202Z"}"#)
        #expect(line.content == "hello")
        #expect(line.line.stream == .stderr && !line.line.isPartial && line.line.time == 1_475_713_029_669_794_202)
    }

    @Test func `text without a newline is a part of a line`() throws {
        let line = try unwrap(#"{"log":"hel","stream":"stdout","time":"2016-10-06T00:17:09Z"}"#)
        #expect(line.content == "hel" && line.line.isPartial)
        #expect(try unwrap(#"{"log":"","stream":"stdout"}"#).line.isPartial)
        // A backslash and an n, not a newline.
        #expect(try unwrap(#"{"log":"C:\\new\\n","stream":"stdout"}"#).line.isPartial)
    }

    @Test func `escapes are resolved, also that of the newline`() throws {
        #expect(try unwrap(#"{"log":"{\"a\":\"\\u00e9\\n\"}\n","stream":"stdout"}"#).content == #"{"a":"\u00e9\n"}"#)
        #expect(try unwrap(#"{"log":"tab\t<b>\u000a","stream":"stdout"}"#).content == "tab\t<b>")
        #expect(try unwrap(#"{"log":"of a terminal\r\n","stream":"stdout"}"#).content == "of a terminal")
        #expect(try unwrap(#"{"log":"\n","stream":"stdout"}"#).content == "")
    }

    @Test func `additional fields are found`() throws {
        let line = #"{"log":"x\n","stream":"stdout","attrs":{"tag":"web/1","com.example.team":"a\"b"},"time":"2016-10-06T00:17:09Z"}"#
        let values = try unwrap(line, attributes: ["attrs.tag", "attrs.none", "attrs.com.example.team"]).attributes
        #expect(values == [5, 0] + Array("web/1".utf8) + [255, 255] + [3, 0] + Array("a\"b".utf8))
    }

    @Test func `what is no line of the driver is told`() {
        #expect(throws: DockerLineError.withoutLog) { try unwrap(#"{"stream":"stdout"}"#) }
        #expect(throws: DockerLineError.withoutLog) { try unwrap(#"{"log":1}"#) }
        #expect(throws: DockerLineError.self) { try unwrap("plain text") }
        #expect(throws: DockerLineError.self) { try unwrap("") }
    }

    @Test func `without a known stream or a time it is taken as it is`() throws {
        let line = try unwrap(#"{"log":"x\n","stream":"stdin","time":"yesterday"}"#)
        #expect(line.line.stream == .unnamed && line.line.time == nil)
    }

    @Test func `any text comes back as a JSON encoder wrote it`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let text = String(
                (0..<Int.random(in: 0...20, using: &random)).map { _ in "aé\\\"\t\r\u{1}😀/".randomElement(using: &random) ?? "a" })
            let line = try JSONSerialization.data(withJSONObject: ["log": text + "\n", "stream": "stdout"])
            let content = try unwrap(String(decoding: line, as: UTF8.self)).content
            #expect(Array(content.utf8) == Array((text.hasSuffix("\r") ? String(text.dropLast()) : text).utf8))
        }
    }
}
