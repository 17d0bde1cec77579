import Configuration
import Foundation
import Testing

@testable import LogAgent

/// `config/schema/log-agent.schema.json`: what editors know of a configuration.
@Suite struct `The schema of the configuration` {
    private let schema: [String: Any]

    init() throws {
        let data = try #require(FileManager.default.contents(atPath: shippedConfigurations + "/schema/log-agent.schema.json"))
        schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// Every setting once at least, in every kind of thing that has it: to be added to with each setting. Paths lead nowhere.
    static let everySetting = [
        """
        { $schema: "s", data_dir: "/d", memory: "64MiB", spill: { max_bytes: "1MiB", max_held_files: 2 },
          server: { listen: "127.0.0.1:1", bearer_token_file: "/none",
            tls: { certificate_file: "/none", key_file: "/none", client_ca_file: "/none", min_version: "1.3" } },
          sources: [{ name: "a", type: "file", include: ["/a"], exclude: "b", start_at: "end", watch: "poll", poll_interval: "2s",
            format: "json", timestamp: { field: "t", format: "%Y", zone: "UTC" }, labels: { job: "a" }, metadata: { id: "$id" },
            max_line_bytes: 2048, long_lines: "drop", empty_lines: "skip", encoding: "utf-16le", read_order: "oldest_first",
            ignore_older: "1d", remove_after: "1h", link_targets: ["/l/*"],
            path_pattern: "/<a>.log" },
            { name: "b", include: "/b", format: "pattern", pattern: "<a> <b>" }, { name: "c", include: "/c", format: "regex", regex: "(?P<a>.*)" },
            { name: "d", include: "/d", format: "docker", inner: "json",
              multiline: { start: "^x", continuation: "^ ", max_lines: 5, max_bytes: "2KiB", timeout: "1s" } },
            { name: "h", include: "/h", format: "cri", partial_timeout: "2s" },
            { name: "e", type: "stdin", capture: { max_bytes: "1MiB" } },
            { name: "f", type: "exec", command: ["a", "b"], env: { A: "b" }, cwd: "/", restart: "never",
              restart_backoff: { min: "1s", max: "2s" }, stop_timeout: "1s", main: true },
            { name: "g", type: "syslog", listen: ["udp:127.0.0.1:1"], max_connections: 5, message_timeout: "1s" }],
          transforms: [{ drop: { where: { a: { gt: 1, ge: 1, lt: 2, le: 2, matches: "x", exists: true, not: ["y"] }, b: [1, "2", null] } } },
            { keep: { name: "k", sources: ["a"], before_metrics: false, where: { c: true } } },
            { redact: { fields: "a.b", patterns: ["bearer", "url_password", "email", "ipv4", "ipv6", "credit_card", { name: "own", regex: "x+" }],
              with: "*" } },
            { redact: { fields: ["a"], patterns: "email", hash: { key_file: "/none" } } },
            { truncate: { max_bytes: "8KiB", fields: ["a"] } }, { sample: { ratio: 0.5 } }, { sample: { one_in: 10, key: "$a" } },
            { limit: { per_second: 0.5, burst: 2, key: "$a", max_keys: 5 } }, { dedupe: { fields: ["a"] } },
            { dedupe: { key: "$a", window: "1s", max_keys: 5 } }, { rename: { fields: { a: "b" } } },
            { add: { fields: { a: "$b", c: "d" } } }, { remove: { fields: ["a"] } },
            { route: { where: { a: 1 }, sources: "a", name: "r", outputs: ["l"], tenant: "$t" } }],
          recipes: ["transcode"],
          metrics: [
            { name: "a_total", type: "counter", help: "h", where: { a: 1 }, labels: { l: "$l" }, value: "$v", scale: 2, exemplar: "$t", disabled: false,
              max_series: 5, idle_timeout: "1h", init: { l: ["x"] } },
            { name: "h", type: "histogram", value: "$v", buckets: [1, 2] },
            { name: "g", type: "gauge", updates: [{ where: { a: 1 }, set: 1 }, { inc: 1 }, { dec: 1 }, { add: "$v" }, { sub: "$v" }] }],
          outputs: [
            { name: "l", type: "loki", url: "http://h/p", tenant_id: "t", basic_auth: { username: "u", password_file: "/none" },
              headers: { a: "b" }, compression: "gzip", compression_level: 2, streams_per_push: "one", in_flight: 3,
              batch: { max_bytes: "1MiB", max_wait: "1s" }, retry: { min_backoff: "1s", max_backoff: "2s", timeout: "3s" } },
            { name: "m", type: "loki", url: "https://h/otlp/v1/logs", encoding: "otlp", bearer_token_file: "/none",
              tls: { ca_file: "/none", certificate_file: "/none", key_file: "/none", server_name: "h", min_version: "1.2",
                insecure_skip_verify: true },
              proxy: { url: "http://p:1", basic_auth: { username: "u", password_file: "/none" }, no_proxy: ["h"] } },
            { name: "s", type: "stdout", format: "line" },
            { name: "d", type: "directory", path: "/o", retention: null, max_bytes: "1GiB", compression_level: 1 }] }
        """
    ]

    private func parsed(_ text: String) throws -> Any {
        let problems = ConfigurationProblems()
        let file = try #require(ConfigurationFile(text, name: "f", problems: problems), "\(problems.sorted)")
        return Self.plain(file.content.value)
    }

    private static func plain(_ value: ConfigurationValue) -> Any {
        switch value {
        case .null: NSNull()
        case .bool(let flag): flag
        case .number(let number): number
        case .string(let text): text
        case .array(let elements): elements.map(plain)
        case .object(let members): members.mapValues(plain)
        }
    }

    @Test func `takes every shipped configuration, and the one with every setting`() throws {
        var texts = Self.everySetting
        let examples = shippedConfigurations + "/examples"
        for directory in [shippedConfigurations, examples] {
            let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            for name in names where name.hasSuffix(".json5") && (directory == examples || name.hasPrefix("log-agent")) {
                texts.append(try String(contentsOfFile: directory + "/" + name, encoding: .utf8))
            }
        }
        #expect(texts.count > 1)
        for text in texts { #expect(SchemaCheck(schema).problems(of: try parsed(text)) == []) }
    }

    @Test(arguments: [
        ("{}", "$: no `sources`"), (#"{ sources: [{ name: "a", tpye: "file" }] }"#, "$.sources.0: `tpye` is not known"),
        (#"{ sources: [{ name: "a", type: "fiel" }] }"#, "$.sources.0.type: fits nothing of anyOf"),
        (#"{ sources: [{ name: "a", max_line_bytes: "1XB" }] }"#, "$.sources.0.max_line_bytes: fits nothing of anyOf"),
        (#"{ sources: [{ name: "a" }], transforms: [{}] }"#, "$.transforms.0: fewer than 1 members"),
        (#"{ sources: [], transforms: [{ redact: { patern: [] } }] }"#, "$.transforms.0.redact: `patern` is not known"),
        (#"{ sources: [], transforms: [{ redact: { hash: {} } }] }"#, "$.transforms.0.redact.hash: no `key_file`"),
        (#"{ sources: [], transforms: [{ redact: { patterns: ["mail"] } }] }"#, "$.transforms.0.redact.patterns: fits nothing of anyOf"),
        (#"{ sources: [], transforms: [{ limit: { burst: 1 } }] }"#, "$.transforms.0.limit: no `per_second`"),
        (#"{ sources: [], transforms: [{ rename: { fields: {} } }] }"#, "$.transforms.0.rename.fields: fewer than 1 members"),
        (#"{ sources: [], transforms: [{ route: { tenant: 1 } }] }"#, "$.transforms.0.route.tenant: not of type string"),
        (#"{ sources: [{ name: "a", type: "stdin", ignore_older: "1d" }] }"#, "$.sources.0.ignore_older: does not belong here"),
        (#"{ sources: [{ name: 1 }] }"#, "$.sources.0.name: not of type string"),
    ])
    func `tells what is wrong`(text: String, problem: String) throws {
        #expect(SchemaCheck(schema).problems(of: try parsed(text)).contains(problem))
    }

    @Test func `describes every key`() {
        var undescribed: [String] = []
        SchemaCheck(schema).forEachProperty { place, key, definition in
            let reference = (definition["$ref"] as? String).flatMap(SchemaCheck(schema).definition)
            if definition["description"] == nil && reference?["description"] == nil { undescribed.append("\(place).\(key)") }
        }
        #expect(undescribed == [])
    }

    /// An unknown key in every object of ``everySetting`` makes the loader say what it knows there.
    @Test func `knows the keys that the settings know, and no others`() throws {
        let check = SchemaCheck(schema)
        var known: [String: Set<String>] = [:]
        for text in Self.everySetting {
            let root = try parsed(text)
            for path in Self.objectPaths(in: root) {
                guard let place = check.place(of: path, in: root) else { continue }
                let changed = try JSONSerialization.data(withJSONObject: Self.adding("zz_unknown", at: path[...], to: root))
                for problem in told(about: String(decoding: changed, as: UTF8.self))
                where problem.contains("zz_unknown` is not a known key") {
                    let list = problem.components(separatedBy: "Known here: ").last ?? ""
                    known[place, default: []].formUnion(list.split { "`,. ".contains($0) }.map(String.init))
                }
            }
        }
        var described: [String: Set<String>] = [:]
        check.forEachProperty { place, key, _ in described[place, default: []].insert(key) }
        for place in Set(known.keys).union(described.keys).sorted() {
            let (settings, schema) = (known[place] ?? [], described[place] ?? [])
            #expect(settings.subtracting(schema).sorted() == [], "\(place): not in config/schema/log-agent.schema.json")
            #expect(schema.subtracting(settings).sorted() == [], "\(place): not known to the settings, or not in `everySetting`")
        }
    }

    private static func objectPaths(in value: Any, at path: [String] = []) -> [[String]] {
        if let object = value as? [String: Any] {
            return [path] + object.flatMap { objectPaths(in: $0.value, at: path + [$0.key]) }
        }
        guard let list = value as? [Any] else { return [] }
        return list.enumerated().flatMap { objectPaths(in: $0.element, at: path + ["\($0.offset)"]) }
    }

    private static func adding(_ key: String, at path: ArraySlice<String>, to value: Any) -> Any {
        if var object = value as? [String: Any] {
            guard let step = path.first else {
                object[key] = 1
                return object
            }
            object[step] = object[step].map { adding(key, at: path.dropFirst(), to: $0) }
            return object
        }
        guard var list = value as? [Any], let index = path.first.flatMap({ Int($0) }) else { return value }
        list[index] = adding(key, at: path.dropFirst(), to: list[index])
        return list
    }
}

/// The part of JSON Schema 2020-12 that our schema uses. A keyword that it does not know is a problem, too.
private struct SchemaCheck {
    let root: [String: Any]

    init(_ root: [String: Any]) { self.root = root }

    private static let annotations: Set<String> = ["description", "default", "examples", "title", "$schema", "$defs"]

    func definition(_ reference: String) -> [String: Any]? {
        (root["$defs"] as? [String: Any])?[String(reference.dropFirst("#/$defs/".count))] as? [String: Any]
    }

    func problems(of value: Any) -> [String] { problems(of: value, root, "$") }

    private func problems(of value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        var found: [String] = []
        for (keyword, argument) in schema where !Self.annotations.contains(keyword) {
            found += problems(of: value, keyword, argument, schema, place)
        }
        return found
    }

    private func problems(of value: Any, _ keyword: String, _ argument: Any, _ schema: [String: Any], _ place: String) -> [String] {
        let object = value as? [String: Any]
        let list = value as? [Any]
        switch keyword {
        case "$ref":
            guard let definition = (argument as? String).flatMap(definition) else { return ["\(place): \(argument) leads nowhere"] }
            return problems(of: value, definition, place)
        case "anyOf":
            let choices = argument as? [[String: Any]] ?? []
            let results = choices.map { problems(of: value, $0, place) }
            if results.contains(where: \.isEmpty) { return [] }
            // Where an object could be meant, it tells more.
            return object == nil ? ["\(place): fits nothing of anyOf"] : results.max { $0.count < $1.count } ?? []
        case "type":
            let types = argument as? [String] ?? [argument as? String ?? ""]
            return types.contains { isOf($0, value) } ? [] : ["\(place): not of type \(types.joined(separator: " or "))"]
        case "enum": return (argument as? [String] ?? []).contains(value as? String ?? "") ? [] : ["\(place): not one of \(argument)"]
        case "pattern":
            guard let text = value as? String, let pattern = argument as? String else { return [] }
            return text.range(of: pattern, options: .regularExpression) == nil ? ["\(place): does not match \(pattern)"] : []
        case "required":
            return (argument as? [String] ?? []).filter { object != nil && object?[$0] == nil }.map { "\(place): no `\($0)`" }
        case "properties":
            let properties = argument as? [String: Any] ?? [:]
            return (object ?? [:]).flatMap { key, value in
                if properties[key] as? Bool == false { return ["\(place).\(key): does not belong here"] }
                return (properties[key] as? [String: Any]).map { problems(of: value, $0, "\(place).\(key)") } ?? []
            }
        case "if":
            guard let condition = argument as? [String: Any], problems(of: value, condition, place).isEmpty else { return [] }
            return problems(of: value, schema["then"] as? [String: Any] ?? [:], place)
        case "then": return []
        case "additionalProperties":
            let known = (schema["properties"] as? [String: Any] ?? [:]).keys
            let others = (object ?? [:]).filter { !known.contains($0.key) }
            if let definition = argument as? [String: Any] {
                return others.flatMap { problems(of: $0.value, definition, "\(place).\($0.key)") }
            }
            return others.map { "\(place): `\($0.key)` is not known" }
        case "items":
            return (list ?? []).enumerated().flatMap {
                problems(of: $0.element, argument as? [String: Any] ?? [:], "\(place).\($0.offset)")
            }
        case "minItems": return list.map { $0.count < argument as? Int ?? 0 } ?? false ? ["\(place): fewer than \(argument) elements"] : []
        case "maxItems": return list.map { $0.count > argument as? Int ?? 0 } ?? false ? ["\(place): more than \(argument) elements"] : []
        case "minProperties":
            return object.map { $0.count < argument as? Int ?? 0 } ?? false ? ["\(place): fewer than \(argument) members"] : []
        case "maxProperties":
            return object.map { $0.count > argument as? Int ?? 0 } ?? false ? ["\(place): more than \(argument) members"] : []
        case "minimum": return (value as? Double).map { $0 < argument as? Double ?? 0 } ?? false ? ["\(place): too small"] : []
        default: return ["\(place): the keyword \(keyword) is not checked"]
        }
    }

    private func isOf(_ type: String, _ value: Any) -> Bool {
        switch type {
        case "null": value is NSNull
        case "object": value is [String: Any]
        case "array": value is [Any]
        case "string": value is String
        case "boolean": Swift.type(of: value) == Bool.self
        case "number": value is Double
        case "integer": (value as? Double).map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    /// Which object of the schema describes what stands at `path` of `value`: a name for it. nil where keys are free.
    func place(of path: [String], in value: Any) -> String? {
        var current: (schema: [String: Any], name: String) = (root, "$")
        var value: Any = value
        for step in path {
            let next: [String: Any]?
            if let list = value as? [Any], let index = Int(step) {
                next = variant(current.schema, having: "items")?.schema["items"] as? [String: Any]
                value = list[index]
            } else {
                guard let object = variant(current.schema, having: "properties") ?? variant(current.schema, having: "additionalProperties"),
                    let members = value as? [String: Any], let member = members[step]
                else { return nil }
                next =
                    (object.schema["properties"] as? [String: [String: Any]])?[step]
                    ?? object.schema["additionalProperties"] as? [String: Any]
                value = member
            }
            guard let next else { return nil }
            current = (next, current.name + "." + step)
        }
        return variant(current.schema, having: "properties")?.name
    }

    /// `schema` itself, what it refers to or one of its choices: the first with this keyword. Its name is that of its definition.
    private func variant(
        _ schema: [String: Any], having keyword: String, name: String = "$"
    ) -> (schema: [String: Any], name: String)? {
        if schema[keyword] != nil { return (schema, Self.name(of: schema, name)) }
        if let reference = schema["$ref"] as? String, let definition = definition(reference) {
            return variant(definition, having: keyword, name: reference)
        }
        for choice in schema["anyOf"] as? [[String: Any]] ?? [] {
            if let found = variant(choice, having: keyword, name: name) { return found }
        }
        return nil
    }

    /// Objects are told apart by what they say of themselves.
    private static func name(of schema: [String: Any], _ name: String) -> String { schema["description"] as? String ?? name }

    /// Every key of every object that the schema describes.
    func forEachProperty(_ body: (_ place: String, _ key: String, _ definition: [String: Any]) -> Void) {
        func visit(_ schema: [String: Any]) {
            if let properties = schema["properties"] as? [String: [String: Any]] {
                for (key, definition) in properties {
                    body(Self.name(of: schema, "$"), key, definition)
                    visit(definition)
                }
            }
            for keyword in ["items", "additionalProperties"] { if let inner = schema[keyword] as? [String: Any] { visit(inner) } }
            for choice in schema["anyOf"] as? [[String: Any]] ?? [] { visit(choice) }
            for definition in (schema["$defs"] as? [String: [String: Any]] ?? [:]).values { visit(definition) }
        }
        visit(root)
    }
}
