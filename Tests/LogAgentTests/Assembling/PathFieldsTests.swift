import JSONScanning
import Testing

@testable import LogAgent

/// What the paths of files tell of their lines.
struct PathFieldsTests {
    private func values(_ pattern: String, _ paths: [String], wanted: [String], ofContainer: Bool = false) throws -> [[String: String]] {
        let scanner = JSONScanner(paths: FieldPaths(wanted))
        let fields = try #require(PathFields(ofContainer: ofContainer, pattern: try LinePattern(pattern), fields: scanner))
        return paths.map { path in
            fields.begin(path: path)
            let found = fields.values.map { (scanner.paths.paths[$0.slot], String(decoding: fields.text[$0.range], as: UTF8.self)) }
            return Dictionary(uniqueKeysWithValues: found)
        }
    }

    private func source(_ more: String) throws -> SourceSettings {
        try load(#"sources: [{ name: "a", \#(more) }]"#).settings.sources[0]
    }

    @Test func `parts with names are fields, and a path that does not fit has none`() throws {
        #expect(
            try values(
                "/var/log/<service>/<_>-<date>.log", ["/var/log/api/web-2.log", "/srv/a-1.log", "/var/log/ä b/-3.log.1"],
                wanted: ["service", "date", "level"])
                == [["service": "api", "date": "2"], [:], ["service": "ä b", "date": "3"]])
    }

    @Test func `only what is asked for is taken`() throws {
        #expect(try values("/<a>/<b>", ["/x/y"], wanted: ["b"]) == [["b": "y"]])
        let scanner = JSONScanner(paths: FieldPaths(["c"]))
        #expect(PathFields(ofContainer: true, pattern: try LinePattern("/<a>/<b>"), fields: scanner) == nil)
        #expect(EnvelopeFields(of: try source(#"include: "/*/*", path_pattern: "/<a>/<b>""#), fields: scanner) == nil)
        let plain = try source(#"include: "/a""#)
        #expect(EnvelopeFields(of: plain, fields: scanner) == nil)
        // A member of a line of a file is no stream of a service.
        #expect(EnvelopeFields(of: plain, fields: JSONScanner(paths: FieldPaths(["stream"]))) == nil)
    }

    @Test func `a pattern wins over what the path tells of a container`() throws {
        #expect(
            try values(
                "/var/log/pods/<_>_<pod>_<_>/<app>/", ["/var/log/pods/ns_p-1_u/c/0.log"],
                wanted: ["namespace", "pod", "container", "app"], ofContainer: true)
                == [["namespace": "ns", "pod": "p-1", "container": "c", "app": "c"]])
        #expect(
            try values("/var/log/pods/<container>_", ["/var/log/pods/ns_p-1_u/c/0.log"], wanted: ["container"], ofContainer: true)
                == [["container": "ns"]])
    }

    @Test func `fields of the path win over those of the line, and stand behind it`() throws {
        let scanner = JSONScanner(paths: FieldPaths(["service", "level"]))
        let parser = LineParser(.json, fields: scanner)
        let source = try source(#"include: "/*.log", path_pattern: "/<service>.log""#)
        let fields = try #require(EnvelopeFields(of: source, fields: scanner))
        func begin(_ path: String) { fields.begin(path: path, origin: LineOrigin(ofFile: path, source: source)) }
        begin("/api.log")
        for (line, level) in [
            (#"{"service":"liar","level":"info"}"#, "info"), (#"{"level":"#, ""), ("", ""), (String(repeating: "x", count: 5000), ""),
        ] {
            let bytes = Array(line.utf8)
            bytes.withUnsafeBytes { bytes in
                let text = fields.add(to: parser.parse(bytes).text)
                #expect(text.starts(with: bytes))
                let found = scanner.allFields.map { field in
                    field.kind == .missing ? "" : String(decoding: text[Int(field.start)..<Int(field.end)], as: UTF8.self)
                }
                #expect(found == ["service", "level"].map { $0 == "service" ? "api" : level })
            }
        }
        // The line's own, where the path has none.
        begin("/api.txt")
        Array(#"{"service":"own"}"#.utf8).withUnsafeBytes { bytes in
            let text = fields.add(to: parser.parse(bytes).text)
            let field = scanner[0]
            #expect(String(decoding: text[Int(field.start)..<Int(field.end)], as: UTF8.self) == "own")
        }
    }

    @Test func `where lines come from is a field as well, where somebody asks for it`() throws {
        let scanner = JSONScanner(paths: FieldPaths(["stream", "__path__"]))
        let parser = LineParser(.text, fields: scanner)
        let source = try source(#"type: "exec", command: ["x"], format: "text""#)
        let fields = try #require(EnvelopeFields(of: source, fields: scanner))
        for stream in ["stdout", "stderr"] {
            let path = "/data/capture/a/\(stream)/0000000001.log"
            fields.begin(path: path, origin: LineOrigin(ofFile: path, source: source))
            Array("a line".utf8).withUnsafeBytes { bytes in
                let text = fields.add(to: parser.parse(bytes).text)
                #expect(text.starts(with: bytes))
                #expect(scanner.allFields.map { String(decoding: text[Int($0.start)..<Int($0.end)], as: UTF8.self) } == [stream, "a"])
            }
        }
    }
}
