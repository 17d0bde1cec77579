import Testing

@testable import Configuration

@Suite struct `Variables` {
    private let environment = ["NAME": "value", "EMPTY": "", "_X1": "y", "REFERENCE": "${NAME}"]

    @Test(arguments: [
        ("plain", "plain"),
        ("$field and $a.b", "$field and $a.b"),
        ("${NAME}", "value"),
        ("a${NAME}b${_X1}c", "avaluebyc"),
        ("${EMPTY}", ""),
        ("${EMPTY:-d}", "d"),
        ("${NONE:-d}", "d"),
        ("${NONE:-}", ""),
        ("${NAME:-d}", "value"),
        ("${NONE:-http://x:80/}", "http://x:80/"),
        ("${NONE:-${NAME}!}", "value!"),
        ("${NONE:-${NONE:-deep}}", "deep"),
        ("$${NAME}", "${NAME}"),
        ("$$field", "$$field"),
        ("$$$${", "$$${"),
        ("ü${NAME}ü", "üvalueü"),
        ("${REFERENCE}", "${NAME}"),
        ("}${NAME}}", "}value}"),
    ])
    func `puts variables in`(text: String, expected: String) throws {
        #expect(try Interpolation.resolve(text, environment: { environment[$0] }) == expected)
    }

    @Test(arguments: [
        ("${NONE}", Interpolation.Failure.unset(name: "NONE")),
        ("a${NAME", .unclosed),
        ("${", .unclosed),
        ("${}", .badName("")),
        ("${a b}", .badName("a b")),
        ("${1}", .badName("1")),
        ("${NAME:+x}", .badName("NAME:+x")),
        ("${NAME-x}", .badName("NAME-x")),
    ])
    func `refuses what is no reference`(text: String, failure: Interpolation.Failure) {
        #expect(throws: failure) { try Interpolation.resolve(text, environment: { environment[$0] }) }
    }

    @Test func `ends for deep and long references`() {
        let deep = String(repeating: "${A:-", count: 100) + String(repeating: "}", count: 100)
        #expect(throws: Interpolation.Failure.tooLong) { try Interpolation.resolve(deep, environment: { _ in nil }) }
        let long = String(repeating: "x", count: 100_000)
        #expect(throws: Interpolation.Failure.tooLong) {
            try Interpolation.resolve(String(repeating: "${A}", count: 20), environment: { _ in long })
        }
    }

    @Test func `happens in text values only, after parsing`() {
        let (root, problems) = parse("'${NAME}': '${QUOTE}'", environment: ["NAME": "n", "QUOTE": "\", x: \"1"])
        let members = root?.members() ?? []
        #expect(members.map(\.key) == ["${NAME}"])
        #expect(members.first?.node.string() == "\", x: \"1")
        #expect(problems.sorted == [])
    }
}
