import Configuration
import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct TransformSettingsTests {
    private static let sources = "sources: [{ name: 'a', include: '/a' }, { name: 'b', include: '/b', format: 'text' }],"
    private static let outputs =
        "outputs: [{ name: 'l', type: 'directory', path: '/l' }, { name: 'audit', type: 'directory', path: '/m' }],"

    private func steps(_ text: String, directory: String = "/nowhere") throws -> [TransformSettings] {
        try load("\(Self.sources) \(Self.outputs) transforms: [\(text)]", directory: directory).settings.transforms
    }

    private func problems(_ text: String) -> [String] {
        told(about: "transforms: [\(text)],\n\(Self.sources) \(Self.outputs)").map { problem in
            // Everything is in the first line.
            problem.replacing(#/^f:1:\d+: (error: )?/#, with: "")
        }
    }

    @Test func `every step is read, with its defaults`() throws {
        let level = [FieldCondition(field: "level", test: .isOneOf(["DEBUG"]))]
        func step(
            _ name: String, _ action: TransformSettings.Action, sources: [String]? = nil, where conditions: [FieldCondition] = [],
            isBeforeMetrics: Bool = false
        ) -> TransformSettings {
            TransformSettings(
                name: name, sources: sources, conditions: conditions, isBeforeMetrics: isBeforeMetrics, action: action)
        }
        #expect(
            try steps(
                """
                { drop: { where: { level: "DEBUG" }, before_metrics: true, name: "no-debug", sources: ["a"] } },
                { redact: { fields: ["user.email"], patterns: ["bearer", { name: "id", regex: "E-[0-9]+" }] } },
                { redact: { patterns: "ipv4", with: "", where: { level: "DEBUG" } } },
                { truncate: { max_bytes: "8KiB", fields: ["message"] } }, { sample: { one_in: 4, key: "$trace_id" } },
                { sample: { ratio: 0.5 } }, { limit: { per_second: 0.5 } },
                { limit: { per_second: 10, burst: 20, key: "$k", max_keys: 5 } }, { dedupe: {} },
                { dedupe: { fields: ["a", "b"], window: "1m", max_keys: 7 } }, { dedupe: { key: "$a.b" } },
                { rename: { fields: { "a.b": "c" } } }, { add: { fields: { r: "x", s: "$y" } } }, { remove: { fields: "p" } },
                { route: { outputs: ["audit"], tenant: "$t", where: { level: "DEBUG" } } }, { route: { tenant: "team-a" } },
                """) == [
                    step("no-debug", .drop, sources: ["a"], where: level, isBeforeMetrics: true),
                    step(
                        "1_redact",
                        .redact(
                            RedactSettings(
                                fields: ["user.email"], patterns: [.bearer, .own(name: "id", regex: try OwnPattern.program("E-[0-9]+"))],
                                replacement: .text("<redacted>")))),
                    step(
                        "2_redact", .redact(RedactSettings(fields: [], patterns: [.ipv4], replacement: .text(""))), where: level),
                    step("3_truncate", .truncate(TruncateSettings(maximumBytes: 8192, fields: ["message"]))),
                    step("4_sample", .sample(SampleSettings(ratio: 0.25, weight: 4, key: "trace_id"))),
                    step("5_sample", .sample(SampleSettings(ratio: 0.5, weight: 2, key: nil))),
                    step("6_limit", .limit(LimitSettings(perSecond: 0.5, burst: 1, key: nil, maximumKeys: 1000))),
                    step("7_limit", .limit(LimitSettings(perSecond: 10, burst: 20, key: "k", maximumKeys: 5))),
                    step("8_dedupe", .dedupe(DedupeSettings(fields: [], windowNanoseconds: 10_000_000_000, maximumKeys: 1000))),
                    step(
                        "9_dedupe", .dedupe(DedupeSettings(fields: ["a", "b"], windowNanoseconds: 60_000_000_000, maximumKeys: 7))),
                    step("10_dedupe", .dedupe(DedupeSettings(fields: ["a.b"], windowNanoseconds: 10_000_000_000, maximumKeys: 1000))),
                    step("11_rename", .rename([FieldRename(field: "a.b", name: "c")])),
                    step(
                        "12_add",
                        .add([NamedTemplate(name: "r", template: .constant("x")), NamedTemplate(name: "s", template: .field("y"))])),
                    step("13_remove", .remove(["p"])),
                    step("14_route", .route(RouteSettings(outputs: [1], tenant: .field("t"))), where: level),
                    step("15_route", .route(RouteSettings(outputs: nil, tenant: .constant("team-a")))),
                ])
    }

    @Test func `a key comes from a file`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/key"
            try "0123456789abcdef\n".write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let loaded = try load(
                "\(Self.sources) \(Self.outputs) transforms: [{ redact: { fields: 'x', hash: { key_file: 'key' } } }]",
                directory: directory)
            #expect(loaded.warnings.isEmpty)
            #expect(
                loaded.settings.transforms.first?.action
                    == .redact(
                        RedactSettings(fields: ["x"], patterns: [], replacement: .hash(key: Secret(value: "0123456789abcdef")))))
        }
    }

    @Test(arguments: [
        ("{ drop: { where: {} } }", "`transforms[0].drop.where` is empty: it would take every line. | Name at least one field."),
        (
            "{ redact: { patterns: 'email', where: {} } }",
            "`transforms[0].redact.where` is empty: it would take every line. | Leave `where` out, or name at least one field."
        ),
        ("{ drop: {} }", #"`transforms[0].drop` has no `where`; it is required. | For example: where: { level: "DEBUG" }"#),
        (
            "{}",
            "`transforms[0]` must hold one step, such as `drop` or `redact`. | Each step is an element of its own: { drop: { where: {…} } }."
        ),
        (
            "{ drop: { where: { a: 1 } }, keep: { where: { a: 1 } } }",
            "`transforms[0]` must hold one step, such as `drop` or `redact`. | Each step is an element of its own: { drop: { where: {…} } }."
        ),
        (
            "{ dorp: { where: { a: 1 } } }",
            "`transforms[0].dorp` is not a known key. | Did you mean `drop`? Known here: `drop`, `keep`, `redact`, `truncate`, `sample`, `limit`, `dedupe`, `rename`, `add`, `remove`, `route`."
        ),
        (
            "{ redact: {} }",
            #"`transforms[0].redact` has neither `fields` nor `patterns`; it needs one of them. | For example: patterns: ["bearer", "url_password", "email"]"#
        ),
        (
            "{ redact: { patterns: ['emial'] } }",
            #"`transforms[0].redact.patterns[0]` is "emial"; use one of "bearer", "url_password", "email", "ipv4", "ipv6" or "credit_card". | Did you mean "email"?"#
        ),
        (
            "{ redact: { patterns: [{ name: 'email', regex: 'x' }] } }",
            #"`transforms[0].redact.patterns[0].name` is "email"; use a name that is not one of the built-in patterns'."#
        ),
        (
            "{ redact: { patterns: ['ipv4', 'ipv4'] } }", #"`transforms[0].redact.patterns[1]`: a pattern "ipv4" is there already."#
        ),
        ("{ redact: { patterns: [] } }", "`transforms[0].redact.patterns` is an empty list; name at least one pattern."),
        (
            "{ redact: { fields: ['$x'] } }",
            #"`transforms[0].redact.fields[0]` is "$x"; name the field without the dollar. | Write "x"."#
        ),
        (
            "{ redact: { fields: 'x', hash: { key: 's' } } }",
            "`transforms[0].redact.hash.key` does not belong here: a secret stands in a file of its own; use `key_file`."
        ),
        (
            "{ truncate: {} }", #"`transforms[0].truncate` has no `max_bytes`; it is required. | For example: max_bytes: "8KiB""#
        ),
        (
            "{ sample: { ratio: 0 } }",
            "`transforms[0].sample.ratio` is 0; use a number above 0, up to 1. | To ship nothing of them, use `drop`."
        ),
        ("{ sample: { ratio: 1.5 } }", "`transforms[0].sample.ratio` is 1.5; use a number above 0, up to 1."),
        (
            "{ sample: {} }",
            "`transforms[0].sample` has neither `ratio` nor `one_in`; it needs one of them. | For example: one_in: 10"
        ),
        ("{ sample: { ratio: 0.5, one_in: 2 } }", "`transforms[0].sample.one_in` and `ratio` exclude each other; keep one."),
        ("{ sample: { one_in: 0 } }", "`transforms[0].sample.one_in` is 0; use a whole number from 1 to 1000000000."),
        (
            "{ sample: { one_in: 2, key: 'trace' } }",
            #"`transforms[0].sample.key` is "trace"; use "$field", a field of the line. | Did you mean "$trace"?"#
        ),
        ("{ limit: { key: '$x' } }", "`transforms[0].limit` has no `per_second`; it is required. | For example: per_second: 100"),
        ("{ limit: { per_second: 0 } }", "`transforms[0].limit.per_second` is 0; use a number from 0.001 to 1000000000."),
        ("{ dedupe: { key: '$x', fields: ['y'] } }", "`transforms[0].dedupe.fields` and `key` exclude each other; keep one."),
        (
            "{ rename: { fields: { a: 'b.c' } } }",
            #"`transforms[0].rename.fields.a` is "b.c"; use a name without dots. | A field stays in the object that it stands in; it only gets another name there."#
        ),
        ("{ add: { fields: {} } }", "`transforms[0].add.fields` is an empty object; name at least one field."),
        ("{ remove: {} }", #"`transforms[0].remove` has no `fields`; it is required. | For example: fields: ["password"]"#),
        (
            "{ route: { outputs: ['lokki'] } }",
            #"`transforms[0].route.outputs[0]` is "lokki"; there is no such output; use "l" or "audit"."#
        ),
        (
            "{ route: {} }",
            #"`transforms[0].route` has neither `outputs` nor `tenant`; it needs one of them. | For example: outputs: ["l"]"#
        ),
        ("{ route: { tenant: 'a/b' } }", #"`transforms[0].route.tenant` is "a/b"; use 1 to 150 letters, digits and ! - _ . * ' ( )."#),
        (
            "{ remove: { fields: 'x', sources: ['c'] } }",
            #"`transforms[0].remove.sources[0]` is "c"; there is no such source; use "a" or "b"."#
        ),
        (
            "{ drop: { where: { a: 1 } } }, { drop: { where: { a: 2 }, before_metrics: true } }",
            "`transforms[1].drop.before_metrics` is true, but `transforms[0]`, which comes first, is applied after the metrics were derived. | Move this step in front of it, or give that one `before_metrics: true`, too."
        ),
        (
            "{ remove: { fields: 'x', name: 'n' } }, { remove: { fields: 'y', name: 'n' } }",
            #"`transforms[1].remove.name` is "n", as is the step `transforms[0]`; give each its own name."#
        ),
        (
            "{ truncate: { max_bytes: 100 } }",
            #"warning: `transforms[0].truncate` cuts whole lines: a line of JSON that is cut is not JSON any more. | Name the long fields: fields: ["message"]."#
        ),
    ])
    func `of a step are told`(step: String, problem: String) {
        #expect(problems(step) == [problem])
    }

    @Test func `check shows every step`() throws {
        let loaded = try load(
            """
            \(Self.sources) \(Self.outputs) transforms: [
              { drop: { where: { level: "DEBUG" }, before_metrics: true } }, { redact: { fields: ["x"], patterns: ["email"] } },
              { truncate: { max_bytes: "8KiB", fields: ["m"] } }, { sample: { one_in: 10, key: "$t" } },
              { limit: { per_second: 5, sources: ["b"] } }, { dedupe: { fields: ["m"] } }, { rename: { fields: { a: "b" } } },
              { add: { fields: { r: "x" } } }, { remove: { fields: ["p"] } },
              { route: { where: { audit: true }, outputs: ["audit"], tenant: "$t" } }]
            """)
        let shown = loaded.settings.transforms.map { StepText.describe($0, outputs: ["l", "audit"]) }
        #expect(
            shown == [
                "drop where level …, before metrics", "redact x, (email)", "truncate m to 8KiB", "sample 1 in 10 by t",
                "limit 5/s, burst 5 of b", "dedupe m within 10s", "rename a → b", "add r", "remove p",
                "route to audit for the tenant in t where audit …",
            ])
    }
}
