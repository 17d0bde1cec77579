import Testing

@testable import Configuration

@Suite struct `The difference of two configurations` {
    private func changes(_ old: String, _ new: String) throws -> [String] {
        let problems = ConfigurationProblems()
        let left = try #require(ConfigurationFile(old, name: "f", problems: problems))
        let right = try #require(ConfigurationFile(new, name: "f", problems: problems))
        return ConfigurationDifference.between([left.content], [right.content]).map {
            "\($0.path): \($0.old ?? "nothing") → \($0.new ?? "nothing")"
        }
    }

    @Test func `is nothing where only the writing differs`() throws {
        #expect(try changes("memory: '32MiB', sources: []", "{ sources: [ ], /* more */ memory: \"32MiB\" }") == [])
    }

    @Test func `is told value by value, elements by their names`() throws {
        #expect(
            try changes(
                "memory: '32MiB', sources: [{ name: 'a', include: ['/a'] }, { name: 'b', watch: 'auto' }], gone: 1",
                "memory: '64MiB', sources: [{ name: 'b', watch: 'poll' }, { name: 'a', include: ['/a', '/b'] }, { name: 'c' }]")
                == [
                    "gone: 1 → nothing", #"memory: "32MiB" → "64MiB""#, #"sources.a.include: ["/a"] → ["/a", "/b"]"#,
                    #"sources.b.watch: "auto" → "poll""#, #"sources.c: nothing → { name: "c" }"#,
                ])
        #expect(try changes("metrics: [{ name: 'a' }]", "x: 1") == [#"metrics.a: { name: "a" } → nothing"#, "x: nothing → 1"])
    }

    @Test func `never tells what may be a secret`() throws {
        #expect(
            try changes(
                "outputs: [{ name: 'l', url: 'http://u:p@h/', headers: { a: 'secret' } }]",
                "outputs: [{ name: 'l', url: 'http://u:q@h/', headers: { a: 'other' } }, { name: 'm', headers: { b: 'secret' } }]")
                == [
                    "outputs.l.headers.a: <hidden> → <hidden>", "outputs.l.url: <hidden> → <hidden>",
                    #"outputs.m: nothing → { headers: <hidden>, name: "m" }"#,
                ])
    }
}
