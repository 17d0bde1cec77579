import Testing

@testable import LogAgent

/// What a reload takes over, and what waits for a restart.
struct SettingsDifferenceTests {
    private static let file = #"{ name: "f", include: "/f" }"#
    private static let service = #"{ name: "svc", type: "exec", command: ["serve"] }"#

    private func difference(_ old: String, _ new: String) throws -> SettingsDifference {
        SettingsDifference(try load("sources: [\(old)]").settings, try load("sources: [\(new)]").settings)
    }

    @Test func `a source that is no file goes on where it was removed, and is not among the removed ones`() throws {
        let found = try difference("\(Self.file), \(Self.service)", Self.file)
        #expect(found.keptSources == ["svc"] && found.waitingSources == [] && found.restarts == [])
        #expect(found.sources.isEmpty)
    }

    @Test func `one that is new begins with a restart, and is not among the added ones`() throws {
        let found = try difference(Self.file, #"\#(Self.service), { name: "g", include: "/g" }"#)
        #expect(found.waitingSources == ["svc"] && found.keptSources == [] && found.restarts == [])
        #expect(found.sources.added == ["g"] && found.sources.removed == ["f"])
    }

    @Test func `how one takes its lines in waits for a restart, and what is made of them does not`() throws {
        let command = try difference(Self.service, #"{ name: "svc", type: "exec", command: ["serve", "now"] }"#)
        #expect(command.restarts == ["source svc"] && command.sources.isEmpty)
        let labels = try difference(Self.service, #"{ name: "svc", type: "exec", command: ["serve"], labels: { job: "a" } }"#)
        #expect(labels.restarts == [] && labels.sources.changed == ["svc"])
        let kind = try difference(Self.file, #"{ name: "f", type: "stdin" }"#)
        #expect(kind.restarts == ["source f"] && kind.sources.isEmpty)
    }
}
