import JSONScanning
import Testing

/// A scanner that has met names before finds what one finds that sees its first line.
struct KnownNamesTests {
    private static let names =
        ["a", "level", "timestamp", "trace_id", "http", "a.b", "é", "a\\u0062c", "", "processing_duration_seconds", "x y"]
        + (0..<400).map { "label_\($0)" } + [
            String(repeating: "n", count: 27), String(repeating: "n", count: 28), String(repeating: "m", count: 60),
        ]
    private static let paths = ["a", "level", "http.level", "a.b", "abc", "é", "label_7", "http.http.a", String(repeating: "m", count: 60)]

    @Test(arguments: 0..<6)
    func `lines of changing shapes, whole and damaged`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let scanner = JSONScanner(paths: FieldPaths(Self.paths))
        // A few shapes come again and again, as in a log, and some lines are like no other.
        let shapes = (0..<5).map { _ in (0..<Int.random(in: 0...12, using: &random)).map { _ in Self.names.randomElement(using: &random)! }
        }
        for _ in 0..<400 {
            let isOdd = Int.random(in: 0..<8, using: &random) == 0
            let shape = isOdd ? (0..<6).map { _ in Self.names.randomElement(using: &random)! } : shapes.randomElement(using: &random)!
            var line = Array(Self.object(shape[...], &random).utf8)
            if Int.random(in: 0..<4, using: &random) == 0, let place = line.indices.randomElement(using: &random) {
                line[place] = Array("\"{}[],: 0a".utf8).randomElement(using: &random)!
            }
            let fresh = JSONScanner(paths: FieldPaths(Self.paths))
            let error = fresh.error(in: line)
            #expect(scanner.error(in: line) == error, "\(String(decoding: line, as: UTF8.self))")
            if error == nil {
                let expected = try fresh.fields(of: line)
                #expect(try scanner.fields(of: line) == expected, "\(String(decoding: line, as: UTF8.self))")
            }
        }
    }

    @Test func `a name is met as another object's member, as text and in an array`() throws {
        let scanner = JSONScanner("level", "http.level")
        for _ in 0..<3 {
            #expect(try scanner.fields(of: #"{"level":"INFO","http":{"level":1}}"#) == [.string("INFO"), .number("1")])
            #expect(try scanner.fields(of: #"{"http":{"level":2},"level":"WARN"}"#) == [.string("WARN"), .number("2")])
            #expect(try scanner.fields(of: #"{"other":{"level":3},"http":[{"level":4}]}"#) == [.missing, .missing])
            #expect(try scanner.fields(of: #"{"other":"x,\"level\":5","level":6}"#) == [.number("6"), .missing])
            #expect(scanner.error(in: #"{"http":["x","level":7]}"#)?.reason == .commaOrBracketExpected)
        }
    }

    @Test(arguments: [
        ([], #"{"n":{"k":"0123456789ab"}}"#, #"{"n":1{"k":"0123456789ab"}"#),
        (["a"], #"{"o":{"n":{"k":"0123456789ab"}}}"#, #"{"o":{"n":1{"k":"0123456789ab"}}"#),
        (
            ["time"], #"{"time":"2024-01-15T10:30:00Z","level":"INFO"}"#,
            #"{"a_name_that_is_longer_than_28_bytes":1{"time":"2024-01-15T10:30:00Z","level":"INFO"}"#
        ),
        (
            ["time"], #"{"cg":"2024-01-15T10:30:00Z","level":"INFO"}"#,
            #"{"cg":"2024-01-15T10:30:00Z","level":"INFO"{"cg":"2024-01-15T10:30:00Z","level":"INFO"}"#
        ),
        (["time"], #"{"time":"2024-01-15T10:30:00Z","level":"INFO"}"#, #"{"time":"2024-01-15T10:30:00Z",{"time":"2024-01-15T10:30:00Z"}"#),
        (["time"], #"{"a":1,"time":"2024-01-15T10:30:00Z"}"#, #","time":"2024-01-15T10:30:00Z"}"#),
        (["time"], #"{"a":{"b":"0123456789abc","c":"0123456789abc"}}"#, #"{"a":,"c":"0123456789abc"}"#),
    ])
    func `what leads to a name stands only where it may`(paths: [String], known: String, damaged: String) {
        let scanner = JSONScanner(paths: FieldPaths(paths))
        for _ in 0..<3 { #expect(scanner.error(in: known) == nil) }
        let expected = JSONScanner(paths: FieldPaths(paths)).error(in: damaged)
        #expect(expected != nil)
        #expect(scanner.error(in: damaged) == expected)
    }

    @Test(arguments: 0..<6)
    func `a line that ends within another is refused, wherever that is`(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed) + 100)
        let scanner = JSONScanner(paths: FieldPaths(seed % 2 == 0 ? Self.paths : []))
        let shapes = (0..<4).map { _ in (0..<6).map { _ in Self.names.prefix(8).randomElement(using: &random)! } }
        for _ in 0..<600 {
            let whole = Array(Self.object(shapes.randomElement(using: &random)![...], &random).utf8)
            let other = Array(Self.object(shapes.randomElement(using: &random)![...], &random).utf8)
            let line =
                Array(other.prefix(Int.random(in: 0...other.count, using: &random)))
                + whole.dropFirst(Int.random(in: 0...1, using: &random))
            #expect(scanner.error(in: whole) == nil)
            #expect(
                scanner.error(in: line) == JSONScanner(paths: scanner.paths).error(in: line), "\(String(decoding: line, as: UTF8.self))")
        }
    }

    @Test func `blanks around names are part of what is known`() throws {
        let scanner = JSONScanner("level", "b")
        for _ in 0..<3 {
            #expect(try scanner.fields(of: #"{"level": "INFO", "b": 1}"#) == [.string("INFO"), .number("1")])
            #expect(try scanner.fields(of: #"{"level":"INFO","b":1}"#) == [.string("INFO"), .number("1")])
            #expect(try scanner.fields(of: "{ \"level\" :\t\"INFO\" ,\r\n\"b\": 1}") == [.string("INFO"), .number("1")])
        }
    }

    private static func object(_ names: ArraySlice<String>, _ random: inout SeededGenerator, depth: Int = 0) -> String {
        let blank = Int.random(in: 0..<4, using: &random) == 0 ? " " : ""
        var members: [String] = []
        for name in names {
            let value: String
            switch Int.random(in: 0..<12, using: &random) {
            case 0 where depth < 3: value = object([name, "level", "http"], &random, depth: depth + 1)
            case 1 where depth < 3: value = "[\(object(["level"], &random, depth: depth + 1)),\"level\",1]"
            case 2: value = "{}"
            case 3: value = "true"
            case 4: value = "\"a \\\"quoted\\\" word, \\\"level\\\":1\""
            case 5...7: value = "\(Int.random(in: -5...100_000, using: &random))"
            default: value = "\"\(String(repeating: "v", count: Int.random(in: 0...40, using: &random)))\""
            }
            members.append("\"\(name)\"\(blank):\(blank)\(value)")
        }
        return "{\(members.joined(separator: ",\(blank)"))}"
    }
}
