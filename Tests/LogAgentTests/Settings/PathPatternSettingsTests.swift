import Testing

@testable import LogAgent

@Suite struct `A path pattern` {
    private func source(_ more: String, include: String = "/var/log/*/a.log") -> String {
        #"sources: [{ name: "a", include: "\#(include)", \#(more) }]"#
    }

    @Test func `names fields that labels, metadata, the time and metrics can use`() throws {
        let text =
            source(
                #"format: "text", path_pattern: "/var/log/<service>/<day>.log", labels: { service: "$service" }, metadata: { day: "$day" }, timestamp: { field: "day", format: "%Y" }"#
            )
            + #", metrics: [{ name: "lines_total", type: "counter", where: { service: "api" }, labels: { day: "$day" } }]"#
        #expect(told(about: text) == [])
        #expect(try load(text).settings.sources.first?.pathPattern?.names == ["service", "day"])
    }

    static let problems: [(String, String)] = [
        (
            #"path_pattern: "log/<a>""#,
            "f:1:67: error: `sources[0].path_pattern` is \"log/<a>\"; use an absolute path: it starts with `/`."
        ),
        (
            #"path_pattern: "/var/log/a""#,
            "f:1:67: error: `sources[0].path_pattern` is \"/var/log/a\". No field is named; write <name> where a field stands."
        ),
        (
            #"path_pattern: "/<__path__>/""#,
            "f:1:67: error: `sources[0].path_pattern` names a part `__path__`, which is the whole path already; give it another name."
        ),
        (
            #"path_pattern: "/var/lib/<a>""#,
            "f:1:67: warning: `sources[0].path_pattern` fits no file that `include` names: they begin otherwise, so their lines lack its fields."
        ),
        (
            #"format: "text", path_pattern: "/var/log/<a>/", labels: { b: "$b" }"#,
            "f:1:108: warning: `b` takes a field, but a line of text has none: it will be missing."
        ),
    ]

    @Test(arguments: problems)
    func `is told what is wrong`(setting: String, problem: String) {
        #expect(told(about: source(setting)) == [problem])
    }

    @Test(arguments: ["/var/*/x.log", "/{a,b}/x", "/var/log/x/a.log", "/v?r/x"])
    func `can fit what begins with a wildcard or with the same`(include: String) {
        #expect(told(about: source(#"path_pattern: "/var/log/<a>/""#, include: include)) == [])
    }

    @Test func `is for files`() {
        #expect(
            told(about: #"sources: [{ name: "a", type: "stdin", path_pattern: "/<a>" }]"#).first?.contains(
                "error: `sources[0].path_pattern` does not belong here: it is a setting of sources of type \"file\".") == true)
    }
}
