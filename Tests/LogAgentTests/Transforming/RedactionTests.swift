import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct RedactionTests {
    private static let step = "{ redact: { fields: ['user.email', 'token'], patterns: ['email', 'credit_card', 'url_password'] } }"

    @Test(arguments: [
        (#"{"a":"hi bob@example.com!","n":1}"#, #"{"a":"hi <redacted>!","n":1}"#),
        (#"{"user":{"email":"x","id":7},"token":12}"#, #"{"user":{"email":"<redacted>","id":7},"token":"<redacted>"}"#),
        (#"{ "token" : {"a":[1,"b@c.de"]} , "b":null}"#, #"{ "token" : "<redacted>" , "b":null}"#),
        (#"{"users":[{"token":"x"},{"token":true}],"token":[1]}"#, #"{"users":[{"token":"x"},{"token":true}],"token":"<redacted>"}"#),
        (#"{"user":[{"email":"x"},{"email":"y"}]}"#, #"{"user":[{"email":"<redacted>"},{"email":"<redacted>"}]}"#),
        (#"{"token":"x","token":"y"}"#, #"{"token":"<redacted>","token":"<redacted>"}"#),
        (#"{"tok\u0065n":"x"}"#, #"{"tok\u0065n":"<redacted>"}"#),
        (#"{"a":"bob\u0040example.com"}"#, #"{"a":"<redacted>"}"#),
        (#"{"a":"say \"bob@example.com\"\n"}"#, #"{"a":"say \"<redacted>\"\n"}"#),
        (#"{"a":"http:\/\/u:p\u00e4ss@h\/"}"#, #"{"a":"http:\/\/u:<redacted>@h\/"}"#),
        (#"{"bob@example.com":1}"#, #"{"<redacted>":1}"#),
        (#"{"card":4111111111111111,"c":-4111111111111111,"d":4.5}"#, #"{"card":"<redacted>","c":"<redacted>","d":4.5}"#),
        (#"{"user":{"email":null}}"#, #"{"user":{"email":"<redacted>"}}"#),
        (#"{"a":1}"#, #"{"a":1}"#), ("{}", "{}"), ("", ""),
        (#"{"a":"bob\u0040example.com", broken"#, #"{"a":"<redacted>", broken"#),
    ])
    func `a line of JSON stays JSON, and the rest of it as it is`(line: String, expected: String) throws {
        #expect(try Transforming(Self.step).take(line).line == expected)
    }

    @Test func `labels and metadata come from the redacted line`() throws {
        let json = try Transforming(Self.step, watched: ["mail", "user.email", "user"])
        _ = json.take(#"{"mail":"bob@example.com","user":{"email":"secret"}}"#)
        #expect(json.field("mail") == "<redacted>")
        #expect(json.field("user.email") == "<redacted>")
        #expect(json.field("user") == #"{"email":"<redacted>"}"#)
        let text = try Transforming("{ redact: { patterns: ['email'] } }", format: "text")
        _ = text.take("from bob@example.com to eve@example.com")
        #expect(text.field("message") == "from <redacted> to <redacted>")
    }

    @Test func `a text of its own is escaped where it has to be`() throws {
        let step = "{ redact: { patterns: ['email'], with: '\"\\\\' } }"
        #expect(try Transforming(step).take(#"{"a":"b@c.de"}"#).line == #"{"a":"\"\\"}"#)
        #expect(try Transforming(step, format: "text").take("b@c.de").line == #""\"#)
    }

    @Test func `a hash is that of the value without escapes, and depends on the key`() throws {
        try withTemporaryDirectory { directory in
            try "0123456789abcdef0123456789abcdef\n".write(toFile: directory + "/key", atomically: false, encoding: .utf8)
            try "another key of sufficient length".write(toFile: directory + "/key2", atomically: false, encoding: .utf8)
            func hash(_ key: String, _ line: String) throws -> String? {
                let steps = "{ redact: { fields: ['id'], patterns: ['email'], hash: { key_file: '\(key)' } } }"
                return try Transforming(steps, directory: directory).take(line).line
            }
            // printf %s bob@example.com | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
            let digest = "0f03a80a5bb45cb698165b3a48abad4f"
            #expect(try hash("key", #"{"a":"bob@example.com"}"#) == #"{"a":"\#(digest)"}"#)
            #expect(try hash("key", #"{"a":"<bob\u0040example.com>"}"#) == #"{"a":"<\#(digest)>"}"#)
            #expect(try hash("key", #"{"id":"bob@example.com"}"#) == #"{"id":"\#(digest)"}"#)
            #expect(try hash("key", #"{"id":7}"#) == hash("key", #"{"id":"7"}"#))
            #expect(try hash("key2", #"{"a":"bob@example.com"}"#) != #"{"a":"\#(digest)"}"#)
        }
    }

    @Test func `what is redacted is counted by its pattern`() throws {
        let step = try Transforming(Self.step)
        _ = step.lines(#"{"a":"b@c.de f@g.hi"}"#, #"{"token":1}"#, #"{"a":1}"#, #"{"card":4111111111111111,"b":"x@y.zz"}"#)
        #expect(step.counts.redactions.map(\.pattern) == ["email", "credit_card", "url_password", "fields"])
        #expect(step.counts.redactions.map(\.count) == [3, 1, 0, 1])
        #expect(step.counts.changed == [3])
    }

    @Test func `whatever the line, it stays JSON with the same members, and no secret is left`() throws {
        let step = try Transforming("{ redact: { patterns: ['email', 'credit_card', 'url_password'] } }")
        var random = SeededNumbers(state: 11)
        for _ in 0..<2000 {
            let line = RandomJSON(&random).line
            let outcome = try #require(step.take(line).line)
            let object = try JSONSerialization.jsonObject(with: Data(outcome.utf8)) as? [String: Any]
            #expect(object != nil, "\(line)")
            #expect(
                !outcome.contains("@example.com") && !outcome.contains("u0040example") && !outcome.contains("4111111111111111"), "\(line)")
            #expect(shape(outcome) == shape(line), "\(line)")
        }
    }

    /// Structure without texts and numbers.
    private func shape(_ line: String) -> String {
        String(line.replacing(/"(?:[^"\\]|\\.)*"|-?[0-9.e]+/) { _ in "_" })
    }
}

/// Objects of random depth with secrets in them, written with random blanks and escapes.
struct RandomJSON {
    private(set) var line = ""

    init(_ random: inout SeededNumbers) {
        line = Self.object(&random, depth: 0)
    }

    private static func blank(_ random: inout SeededNumbers) -> String { random.pick(["", "", " ", "\t "]) }

    private static func object(_ random: inout SeededNumbers, depth: Int) -> String {
        let names = ["a", "b", "user", "email", "id", "msg", "x.y"].shuffled(using: &random).prefix(Int.random(in: 0...5, using: &random))
        let members = names.map { name in
            "\(blank(&random))\"\(name)\"\(blank(&random)):\(blank(&random))\(value(&random, depth: depth))\(blank(&random))"
        }
        return "{\(members.isEmpty ? blank(&random) : members.joined(separator: ","))}"
    }

    private static func value(_ random: inout SeededNumbers, depth: Int) -> String {
        switch Int.random(in: 0...(depth < 3 ? 9 : 6), using: &random) {
        case 0: "\(Int.random(in: -5...5, using: &random))"
        case 1: random.pick(["true", "false", "null"])
        case 2: "4111111111111111"
        case 3...6: string(&random)
        case 7: "[\((0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth + 1) }.joined(separator: ","))]"
        default: object(&random, depth: depth + 1)
        }
    }

    private static func string(_ random: inout SeededNumbers) -> String {
        let pieces = [
            "bob@example.com", #"bob\u0040example.com"#, #"\n"#, #"\""#, #"\\"#, " ", "text", "é", #"\ud83d\ude00"#, "4111 1111 1111 1111",
            "http://u:p@h/", "{", "]", ",", ":",
        ]
        return
            "\"\((0..<Int.random(in: 0...4, using: &random)).map { _ in random.pick(pieces) }.joined(separator: " "))\""
    }
}
