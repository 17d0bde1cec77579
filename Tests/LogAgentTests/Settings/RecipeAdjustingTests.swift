import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Metrics of recipes` {
    private func metrics(_ own: String) throws -> [MetricSettings] {
        try load("sources: [{ name: 'a', include: '/a' }], recipes: ['transcode'], metrics: [\(own)]").settings.metrics
    }

    @Test func `are adjusted by a metric of their name without a type`() throws {
        let before = try metrics("")
        let after = try metrics("{ name: 'api_requests_total', max_series: 7, labels: { method: '$method' }, exemplar: null }")
        #expect(before.map(\.name) == after.map(\.name))
        let (old, new) = (try #require(before.first), try #require(after.first))
        #expect(new.maximumSeries == 7 && new.labels.map(\.name) == ["method"] && new.exemplar == nil)
        #expect(new.kind == old.kind && new.help == old.help && new.conditions == old.conditions)
        #expect(before.dropFirst() == after.dropFirst())
    }

    @Test func `are replaced by a whole metric of their name, in their place`() throws {
        let after = try metrics("{ name: 'jobs_created_total', type: 'counter', where: { event: 'x' } }")
        let index = try #require(after.firstIndex { $0.name == "jobs_created_total" })
        #expect(index == 3 && after[index].help == "" && after.count == 13)
    }

    @Test func `are left out when they are disabled`() throws {
        #expect(try metrics("{ name: 'jobs_created_total', disabled: true }").count == 12)
    }

    @Test func `are told about at the place that is wrong`() throws {
        let text =
            "sources: [{ name: 'a', include: '/a' }], recipes: ['transcode'],\nmetrics: [{ name: 'api_requests_total', max_series: 0 }]"
        #expect(told(about: text) == ["f:2:53: error: `metrics[0].max_series` is 0; use a whole number from 1 to 1000000."])
        try withTemporaryDirectory { directory in
            try "metrics: [\n{ name: 'a_total', type: 'counter', wehre: {} }]".write(
                toFile: directory + "/r.json5", atomically: false, encoding: .utf8)
            let found = told(about: "sources: [{ name: 'a', include: '/a' }], recipes: 'r.json5'", directory: directory)
            #expect(found.count == 1 && found[0].hasPrefix("\(directory)/r.json5:2:37: error: `metrics[0].wehre` is not a known key."))
        }
        let unused = told(
            about: "sources: [{ name: 'a', include: '/a' }],\nmetrics: [{ name: 'a_total', type: 'counter', disabled: true }]")
        #expect(unused == ["f:2:57: warning: `metrics[0].disabled` has no use: no recipe has a metric `a_total`."])
    }
}

@Suite struct `Metrics that no line can move` {
    private func told(_ metric: String, format: String = "json") -> [String] {
        LogAgentTests.told(about: "sources: [{ name: 'a', include: '/a', format: '\(format)' }],\nmetrics: [\(metric)]").map {
            $0.replacing("f:2:", with: "").replacing(" | `log-agent explain` shows what a sample moves.", with: "")
        }
    }

    static let conflicts: [(String, String)] = [
        ("a: { exists: false, gt: 1 }", "`a` cannot be missing and > 1"),
        ("a: { gt: 5, lt: 5 }", "`a` cannot be > 5 and < 5"),
        ("a: { ge: 5, lt: 5 }", "`a` cannot be >= 5 and < 5"),
        ("a: { gt: 7, le: 5 }", "`a` cannot be > 7 and <= 5"),
    ]

    @Test(arguments: conflicts)
    func `because their conditions contradict each other are told`(conditions: String, reason: String) {
        let found = told("{ name: 'a_total', type: 'counter', where: { \(conditions) } }")
        #expect(found == ["19: warning: `metrics[0]`: no line can ever move `a_total`: \(reason)."])
    }

    @Test(arguments: [
        "a: { ge: 5, le: 5 }", "a: { exists: true, gt: 1, not: [2, 3] }", "a: ['x', 'y'], b: { not: 'x' }",
        "a: { exists: false, not: 'x' }",
    ])
    func `are not told where some line can`(conditions: String) {
        #expect(told("{ name: 'a_total', type: 'counter', where: { \(conditions) } }") == [])
    }

    @Test func `because no source has their fields are told`() {
        #expect(
            told("{ name: 'a_total', type: 'counter', where: { event: 'x' } }", format: "text") == [
                "19: warning: `metrics[0]`: no line can ever move `a_total`: no source has a field `event`."
            ])
        #expect(
            told("{ name: 'h', type: 'histogram', value: '$v', buckets: [1] }", format: "text") == [
                "19: warning: `metrics[0]`: no line can ever move `h`: no source has a field `v`."
            ])
        #expect(told("{ name: 'a_total', type: 'counter', where: { message: { matches: 'x' } } }", format: "text") == [])
        #expect(
            told("{ name: 'a_total', type: 'counter', labels: { l: '$l' } }", format: "text") == [
                "55: warning: `metrics[0].labels.l` is always empty: no source has a field `l`."
            ])
    }

    private func told(_ metric: String, steps: String) -> [String] {
        LogAgentTests.told(
            about:
                "sources: [{ name: 'a', include: '/a', format: 'pattern', pattern: '<x> <y>' }, { name: 'b', include: '/b', format: 'text' }],"
                + " outputs: [{ name: 'o', type: 'directory', path: '/o' }], transforms: [\(steps)],\nmetrics: [\(metric)]"
        ).map { $0.replacing("f:2:", with: "").replacing(" | `log-agent explain` shows what a sample moves.", with: "") }
    }

    @Test(arguments: [
        "{ rename: { fields: { x: 'event' }, before_metrics: true } }",
        "{ rename: { fields: { x: 'z' }, before_metrics: true } }, { rename: { fields: { z: 'event' }, before_metrics: true } }",
        "{ rename: { fields: { x: 'event' }, sources: ['a'], before_metrics: true } }",
    ])
    func `are not told where a step before them gives a field that name`(steps: String) {
        #expect(told("{ name: 'a_total', type: 'counter', where: { event: 'x' }, labels: { event: '$event' } }", steps: steps) == [])
    }

    @Test(arguments: [
        "{ rename: { fields: { x: 'event' } } }", "{ rename: { fields: { q: 'event' }, before_metrics: true } }",
        "{ rename: { fields: { x: 'event' }, sources: ['b'], before_metrics: true } }",
    ])
    func `are told where the step comes after them, or has no such field`(steps: String) {
        #expect(
            told("{ name: 'a_total', type: 'counter', where: { event: 'x' } }", steps: steps) == [
                "19: warning: `metrics[0]`: no line can ever move `a_total`: no source has a field `event`."
            ])
    }

    @Test func `are told where a step only adds metadata`() {
        let reason = "no source has a field `event`; `add` gives metadata to lines that are no JSON."
        let steps = "{ add: { fields: { event: 'x' }, before_metrics: true } }"
        #expect(
            told("{ name: 'a_total', type: 'counter', where: { event: 'x' } }", steps: steps) == [
                "19: warning: `metrics[0]`: no line can ever move `a_total`: \(reason)"
            ])
        #expect(
            told("{ name: 'a_total', type: 'counter', labels: { event: '$event' } }", steps: steps) == [
                "55: warning: `metrics[0].labels.event` is always empty: \(reason)"
            ])
    }

    @Test func `include series and single updates of a gauge`() {
        #expect(
            told("{ name: 'a_total', type: 'counter', where: { s: ['a', 'b'] }, labels: { s: '$s' }, init: { s: ['a', 'c'] } }") == [
                #"100: warning: `metrics[0].init.s` names "c", which `where` never lets through: that series stays at 0."#
            ])
        #expect(
            told("{ name: 'g', type: 'gauge', updates: [{ where: { a: 1 }, inc: 1 }, { where: { a: { gt: 2, lt: 1 } }, dec: 1 }] }") == [
                "48: warning: `metrics[0].updates[1]` never moves `g`: `a` cannot be > 2 and < 1."
            ])
    }

    @Test func `are found among listed values`() {
        func conflict(_ tests: [FieldCondition.Test]) -> String? {
            ConditionConflict.find(in: tests.map { FieldCondition(field: "a", test: $0) })
        }
        #expect(conflict([.isOneOf(["x"]), .isNoneOf(["x"])]) == #"`a` is "x", so it never is not "x""#)
        #expect(conflict([.isOneOf(["1", "2"]), .greater(2)]) == #"`a` is one of "1", "2", so it never is > 2"#)
        #expect(conflict([.isOneOf(["x", "y"]), .matches("^z")]) == #"`a` is one of "x", "y", so it never matches /^z/"#)
        #expect(conflict([.isOneOf(["200"]), .isOneOf(["200.0"])]) == nil)
        #expect(conflict([.isOneOf(["x", "yz"]), .matches("z$")]) == nil)
        #expect(conflict([.isOneOf(["null"]), .exists(false)]) == nil)
    }
}
