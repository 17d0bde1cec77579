import Testing

@testable import LogAgent

struct CaptureSettingsTests {
    private static func sources(_ text: String) throws -> [SourceSettings] { try load("sources: [\(text)]").settings.sources }

    @Test func `standard input needs a name only`() throws {
        let source = try Self.sources(#"{ name: "pipe", type: "stdin" }"#)[0]
        #expect(source.kind == .stdin)
        #expect(source.capture.maximumBytes == 256 << 20)
        #expect(source.capture.segmentBytes == 8 << 20)
        #expect(source.captureDirectories(in: "/d") == ["/d/capture/pipe/stdin"])
        #expect(source.maximumLineBytes == 256 << 10)
    }

    @Test func `a service with every key`() throws {
        let source = try Self.sources(
            """
            { name: "svc", type: "exec", command: ["serve", "--port", "1"], env: { B: "2", A: "1" }, cwd: "/srv", restart: "always",
              restart_backoff: { min: "2s", max: "4s" }, stop_timeout: "3s", main: false, capture: { max_bytes: "1MiB" } }
            """)[0]
        #expect(
            source.kind
                == .exec(
                    ExecSettings(
                        command: ["serve", "--port", "1"],
                        environment: [EnvironmentVariable(name: "A", value: "1"), EnvironmentVariable(name: "B", value: "2")],
                        workingDirectory: "/srv", restart: .always, minimumBackoffNanoseconds: 2_000_000_000,
                        maximumBackoffNanoseconds: 4_000_000_000, stopNanoseconds: 3_000_000_000, isMain: false)))
        #expect(source.capture.maximumBytes == 1 << 20)
        #expect(source.capture.segmentBytes == 128 << 10)
        #expect(source.captureDirectories(in: "/d") == ["/d/capture/svc/stdout", "/d/capture/svc/stderr"])
    }

    @Test func `the only service is the main one, and of several the one that says so`() throws {
        func main(_ text: String) throws -> Int? { try Self.sources(text).mainService }
        let file = #"{ name: "f", include: "/f" }"#
        func exec(_ name: String, _ more: String = "") -> String { "{ name: '\(name)', type: 'exec', command: ['x'], \(more) }" }
        #expect(try main(file) == nil)
        #expect(try main("\(file), \(exec("a"))") == 1)
        #expect(try main(exec("a", "main: false")) == nil)
        #expect(try main("\(exec("a")), \(exec("b"))") == nil)
        #expect(try main("\(exec("a")), \(exec("b", "main: true"))") == 1)
    }

    @Test func `syslog on every kind of socket`() throws {
        let source = try Self.sources(
            """
            { name: "s", type: "syslog", listen: ["udp:127.0.0.1:514", "tcp:[::1]:601", "unix:/run/s", "unixgram:/run/d"],
              max_connections: 9, message_timeout: "5s" }
            """)[0]
        #expect(
            source.kind
                == .syslog(
                    SyslogSettings(
                        listen: [.udp("127.0.0.1:514"), .tcp("[::1]:601"), .unixStream("/run/s"), .unixDatagram("/run/d")],
                        maximumConnections: 9, messageTimeoutNanoseconds: 5_000_000_000)))
        #expect(source.maximumLineBytes == 64 << 10)
    }

    @Test func `the names of streams are no fields that could be missing`() {
        let exec = #"{ name: "a", type: "exec", command: ["x"], format: "text", labels: { job: "a", stream: "$stream" } }"#
        #expect(told(about: "sources: [\(exec)]") == [])
        let input = #"{ name: "a", type: "stdin", format: "text", labels: { job: "a", stream: "$stream" } }"#
        #expect(told(about: "sources: [\(input)]").count == 1)
    }

    @Test(arguments: [
        #"start_at: "end""#, #"watch: "poll""#, #"poll_interval: "2s""#, #"exclude: "*.gz""#, #"path_pattern: "/<a>""#,
        #"ignore_older: "1d""#,
        #"read_order: "fair""#, #"remove_after: "1h""#, #"link_targets: "/l""#,
    ])
    func `what is about files is refused by a source that is none`(setting: String) {
        let key = setting.prefix { $0 != ":" }
        for kind in [#"type: "stdin""#, #"type: "exec", command: ["x"]"#, #"type: "syslog", listen: "udp:127.0.0.1:1""#] {
            let told = told(about: #"sources: [{ name: "a", \#(kind), \#(setting) }]"#)
            #expect(told.count == 1)
            #expect(
                told.first?.hasSuffix(
                    "error: `sources[0].\(key)` does not belong here: it is a setting of sources of type \"file\".") == true, "\(told)")
        }
    }

    @Test func `lines that were cut before they were stored can't be dropped for their length`() {
        #expect(
            told(about: #"sources: [{ name: "a", type: "stdin", long_lines: "drop" }]"#) == [
                "f:1:39: error: `sources[0].long_lines` does not belong here: it is a setting of sources of type \"file\"; what is longer than `max_line_bytes` is cut before it is stored."
            ])
    }

    @Test func `an encoding is taken where it leaves line ends alone`() throws {
        let source = try Self.sources(#"{ name: "a", type: "stdin", format: "text", encoding: "latin1", empty_lines: "skip" }"#)[0]
        #expect(source.files.encoding.name == "LATIN1" && source.files.emptyLines == .skip)
        #expect(
            told(about: #"sources: [{ name: "a", type: "stdin", encoding: "utf-16" }]"#) == [
                "f:1:49: error: `sources[0].encoding` is \"utf-16\"; use an encoding whose line ends are single bytes; of files alone others can be read."
            ])
    }
}
