import Configuration
import Foundation
import TestSupport
import Testing

private enum Colour: String, CaseIterable { case red, green, blue }

@Suite struct `Reading a value` {
    @Test func `gives it with its type`() {
        let (root, problems) = parse(
            """
            text: "a${X}", number: 0.5, count: 3, yes: true, wait: "1m", size: "4KiB", plain: 4096, colour: "green",
            one: "x", some: ["x", "y"], port: "${PORT}",
            """, environment: ["X": "b", "PORT": "80"])
        _ = root?.object { object in
            #expect(object["text"]?.string() == "ab")
            #expect(object["number"]?.number() == 0.5)
            #expect(object["count"]?.integer(in: 1...3) == 3)
            #expect(object["yes"]?.bool() == true)
            #expect(object["wait"]?.duration(in: 0...(.max)) == 60_000_000_000)
            #expect(object["size"]?.size(in: 0...8192) == 4096)
            #expect(object["plain"]?.size(in: 0...8192) == 4096)
            #expect(object["colour"]?.choice(Colour.self) == .green)
            #expect(object["one"]?.elementsOrSelf().compactMap { $0.string() } == ["x"])
            #expect(object["some"]?.elementsOrSelf().compactMap { $0.string() } == ["x", "y"])
            #expect(object["port"]?.integer(in: 0...65535) == 80)
            #expect(object["missing"]?.string() == nil)
        }
        #expect(problems.sorted == [])
    }

    @Test func `of the wrong kind tells what was found and what is allowed`() {
        let told = problems(
            of: """
                text: 1, number: "2", count: 2.5, yes: "yes", wait: 5, late: "1w", size: "1 mib", big: "1GiB", colour: "gren", list: {},
                object: [], any: null, deep: { list: [1, "x"] }, env: "${NONE}", open: "${", bad: "${a b}", secret: "${SECRET}",
                """, environment: ["SECRET": "hunter2"]
        ) { object in
            _ = object["text"]?.string()
            _ = object["number"]?.number()
            _ = object["count"]?.integer(in: 1...3)
            _ = object["yes"]?.bool()
            _ = object["wait"]?.duration(in: 1_000_000_000...60_000_000_000)
            _ = object["late"]?.duration(in: 1_000_000_000...60_000_000_000)
            _ = object["size"]?.size(in: 0...1024)
            _ = object["big"]?.size(in: 0...1024)
            _ = object["colour"]?.choice(Colour.self)
            _ = object["list"]?.elements()
            _ = object["object"]?.object { _ in }
            _ = object.required("any")
            _ = object.required("none", "1")
            _ = object["deep"]?.object { $0["list"]?.elements()?.forEach { _ = $0.string() } }
            for key in ["env", "open", "bad"] { _ = object[key]?.string() }
            _ = object["secret"]?.integer(in: 1...3)
        }
        #expect(
            told == [
                "f:1:1: error: The file has no `none`; it is required. | For example: none: 1",
                "f:1:7: error: `text` is 1; use a text in quotes.",
                "f:1:18: error: `number` is \"2\"; use a number. | Write it without quotes.",
                "f:1:30: error: `count` is 2.5; use a whole number from 1 to 3.",
                "f:1:40: error: `yes` is \"yes\"; use true or false.",
                "f:1:53: error: `wait` is 5; use a duration such as \"10s\", from 1s to 1m. | A duration has a unit: \"5s\" or \"5ms\".",
                "f:1:62: error: `late` is \"1w\"; use a duration such as \"10s\", from 1s to 1m. | Units: ns, us, ms, s, m, h, d; as in \"1m30s\".",
                "f:1:74: error: `size` is \"1 mib\"; use a size such as \"1KiB\", from 0 to 1KiB."
                    + " | Units: B, KiB, MiB, GiB, TiB, and kB, MB, GB, TB of 1000.",
                "f:1:88: error: `big` is \"1GiB\"; use a size such as \"1KiB\", from 0 to 1KiB.",
                "f:1:104: error: `colour` is \"gren\"; use one of \"red\", \"green\" or \"blue\". | Did you mean \"green\"?",
                "f:1:118: error: `list` is an empty object; use a list: […].",
                "f:2:9: error: `object` is an empty list; use an object: {…}.",
                "f:2:18: error: `any` is null; it needs a value.",
                "f:2:39: error: `deep.list[0]` is 1; use a text in quotes.",
                "f:2:55: error: `env` needs the environment variable NONE, which is not set. | Set it, or give a default: ${NONE:-default}.",
                "f:2:72: error: `open` has a `${` without its `}`. | Write `$${` for the two characters themselves.",
                "f:2:83: error: `bad` has `${a b}`; use ${NAME} or ${NAME:-default} with letters, digits and `_`."
                    + " | Write `$${` for the two characters themselves.",
                "f:2:101: error: `secret` is \"${SECRET}\" with its variables put in; use a whole number from 1 to 3.",
            ])
    }

    @Test func `tells keys that are unknown, not there yet, or in the wrong place`() {
        let told = problems(of: "nmae: 1, soon: {}, nothing: null, 'a key': 1, wrong: 2") { object in
            _ = object["name"]
            object.later("soon", "Use `name`.")
            object.later("nothing")
            object.misplaced("wrong", "it is elsewhere")
        }
        #expect(
            told == [
                "f:1:1: error: `nmae` is not a known key. | Did you mean `name`? Known here: `name`.",
                "f:1:10: error: `soon` is not supported yet. | Use `name`.",
                "f:1:35: error: `[\"a key\"]` is not a known key. | Known here: `name`.",
                "f:1:47: error: `wrong` does not belong here: it is elsewhere.",
            ])
    }

    @Test func `tells the same problem once`() {
        #expect(problems(of: "a: 1") { _ = ($0["a"]?.string(), $0["a"]?.string()) } == ["f:1:4: error: `a` is 1; use a text in quotes."])
    }
}

@Suite struct `A secret` {
    private func read(_ content: String?, permissions: Int = 0o600) throws -> (secret: String?, told: [String]) {
        try withTemporaryDirectory { directory in
            let path = directory + "/secret"
            if let content {
                try content.write(toFile: path, atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
            }
            let problems = ConfigurationProblems()
            let file = ConfigurationFile("token_file: 'secret'", name: "f", directory: directory, problems: problems)
            let secret = file?.root(environment: { _ in nil }, problems: problems).object { $0["token_file"]?.secretFromFile() } ?? nil
            return (secret, problems.sorted.map { $0.summary.replacingOccurrences(of: directory, with: "DIR") })
        }
    }

    @Test(arguments: [("word", "word"), ("word\n", "word"), ("word\r\n", "word"), (" two words \n", " two words ")])
    func `comes from a file, without the newline at its end`(content: String, secret: String) throws {
        let (found, told) = try read(content)
        #expect(found == secret)
        #expect(told == [])
    }

    @Test func `that everyone can read is a warning`() throws {
        let (found, told) = try read("word\n", permissions: 0o644)
        #expect(found == "word")
        #expect(told == ["f:1:13: warning: `token_file`: everyone on this machine can read DIR/secret."])
    }

    @Test(arguments: [
        (nil, "f:1:13: error: `token_file`: cannot read the secret: open DIR/secret: No such file or directory."),
        ("", "f:1:13: error: `token_file`: DIR/secret is empty."),
        ("\n", "f:1:13: error: `token_file`: DIR/secret is empty."),
        ("a\nb\n", "f:1:13: error: `token_file`: DIR/secret holds more than one line, or control characters."),
    ])
    func `that cannot be used is an error`(content: String?, problem: String) throws {
        let (found, told) = try read(content)
        #expect(found == nil)
        #expect(told == [problem])
    }
}
