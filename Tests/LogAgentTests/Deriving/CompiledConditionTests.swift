import JSONScanning
import Testing

@testable import LogAgent

@Suite struct CompiledConditionTests {
    private func holds(_ test: FieldCondition.Test, _ line: String) throws -> Bool {
        let scanner = JSONScanner(paths: FieldPaths(["a.b"]))
        let condition = try CompiledCondition(condition("a.b", test), slot: 0)
        let line = Array(line.utf8)
        return try line.withUnsafeBytes { line in
            try scanner.scan(line)
            return [scanner[0]].withUnsafeBufferPointer { condition.holds(for: $0, in: line, DecodingScratch()) }
        }
    }

    private static let values: [String] = [
        #""GET""#, #""G\u0045T""#, #""PUT""#, #""""#, "200", "200.0", "2e2", #""200""#, #""200.0""#, "-1.5", "true", "null", "{}", "[1]",
        "1e999", #""nan""#,
    ]
    /// For which of `values` each test holds.
    private static let expectations: [(FieldCondition.Test, [String])] = [
        (.isOneOf(["GET"]), [#""GET""#, #""G\u0045T""#]),
        (.isOneOf(["GET", "PUT"]), [#""GET""#, #""G\u0045T""#, #""PUT""#]),
        (.isOneOf([""]), [#""""#]),
        (.isOneOf(["200"]), ["200", "200.0", "2e2", #""200""#]),
        (.isOneOf(["200.0"]), ["200", "200.0", "2e2", #""200.0""#]),
        (.isOneOf(["true"]), ["true"]),
        (.isOneOf(["null"]), ["null"]),
        (.isOneOf([]), []),
        (
            .isNoneOf(["GET", "null", "200"]),
            [#""PUT""#, #""""#, #""200.0""#, "-1.5", "true", "{}", "[1]", "1e999", #""nan""#]
        ),
        (.greater(199), ["200", "200.0", "2e2", #""200""#, #""200.0""#]),
        (.greater(200), []),
        (.greaterOrEqual(200), ["200", "200.0", "2e2", #""200""#, #""200.0""#]),
        (.less(0), ["-1.5"]),
        (.less(-1.5), []),
        (.lessOrEqual(-1.5), ["-1.5"]),
        (.matches("^[GP].T$"), [#""GET""#, #""G\u0045T""#, #""PUT""#]),
        (.matches("00"), ["200", "200.0", #""200""#, #""200.0""#]),
        (.matches("^$"), [#""""#]),
        (.matches("nul|tru"), ["true"]),
        (
            .exists(true),
            [
                #""GET""#, #""G\u0045T""#, #""PUT""#, #""""#, "200", "200.0", "2e2", #""200""#, #""200.0""#, "-1.5", "true", "{}", "[1]",
                "1e999", #""nan""#,
            ]
        ),
        (.exists(false), ["null"]),
    ]

    @Test(arguments: expectations.indices)
    func `each test holds for the values it should`(position: Int) throws {
        let (test, expected) = Self.expectations[position]
        for value in Self.values {
            #expect(try holds(test, #"{"x":1,"a":{"b":\#(value)}}"#) == expected.contains(value), "\(test) on \(value)")
        }
    }

    @Test func `a field that is not there is none of any values`() throws {
        for test in [FieldCondition.Test.isOneOf([""]), .greater(-1), .less(1), .matches(""), .exists(true)] {
            #expect(try !holds(test, "{}"))
        }
        #expect(try holds(.isNoneOf(["x"]), "{}"))
        #expect(try holds(.exists(false), "{}"))
    }
}
