import Foundation
import Testing

@testable import LogAgent

/// `fixtures/logs`: what a Python program has written, as a file and as container runtimes would have it.
struct CapturedLogTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../fixtures/logs")
        .standardized

    private func read(_ name: String) throws -> String {
        try String(contentsOf: Self.directory.appending(path: name), encoding: .utf8)
    }

    private func settings(_ envelope: LineEnvelope?) -> AssemblingSettings {
        AssemblingSettings(envelope, start: "^\\d{4}-\\d{2}-\\d{2} ", maximumLines: 500, maximumBytes: 256 << 10, reachBytes: 2 << 20)
    }

    @Test func `stack traces and messages of several lines are one entry each`() throws {
        let log = try read("python.log")
        let entries = try assembled(log, settings(nil)).map(\.content)
        #expect(entries.count == 22)
        #expect(entries.joined(separator: "\n") + "\n" == log)
        let chained = try #require(entries.first { $0.contains("ERROR media.worker: job 1 failed") })
        #expect(chained.contains("The above exception was the direct cause of the following exception:"))
        #expect(chained.hasSuffix("RuntimeError: job 17 can't start\nbecause of its settings"))
    }

    @Test(arguments: [(LineEnvelope.docker, "docker-json-file.log"), (.cri, "cri.log")])
    func `what runtimes make of it gives the same entries`(envelope: LineEnvelope, name: String) throws {
        // The streams are mixed there; each has its order.
        let wanted = try assembled(read("python.log"), settings(nil)).map(\.content)
        var file = AssemblingFile(try read(name), settings(envelope))
        file.maximumLineBytes = 256 << 10
        try file.readToItsEnd()
        let isError = { (content: String) in content.prefix(40).contains(" ERROR ") }
        #expect(file.entries.filter { $0.stream == .stdout }.map(\.content) == wanted.filter { !isError($0) })
        #expect(file.entries.filter { $0.stream == .stderr }.map(\.content) == wanted.filter(isError))
        #expect(file.entries.allSatisfy { $0.marks.isEmpty && $0.time != nil })
        #expect(file.closed == file.read)
    }
}
