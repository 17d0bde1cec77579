import Foundation
import StructuredLogging
import SystemIO
import TestSupport
import Testing

@testable import LogAgent

struct CaptureStateTests {
    @Test func `a disk that takes nothing is logged once, and so is that it takes something again`() throws {
        try withTemporaryDirectory { directory in
            let file = try FileDescriptor(opening: directory + "/log", O_WRONLY | O_CREAT)
            let log = AgentLog(logger: Logger(name: "test", output: LogOutput(service: "test", descriptor: file.rawValue)))
            let source = try load(#"sources: [{ name: "pipe", type: "stdin" }]"#).settings.sources[0]
            let state = try CaptureState(source, dataDirectory: directory, log: log)
            let full = SystemError(call: "write", subject: "segment", code: ENOSPC)
            for _ in 0..<5 { state.note(.disk(full)) }
            #expect(state.current.pause == .disk && state.current.lastDiskError == full)
            for _ in 0..<2 { state.note(nil) }
            state.note(.budget)
            state.note(nil)
            #expect(state.current.pause == nil)
            let told = String(decoding: FileManager.default.contents(atPath: directory + "/log") ?? Data(), as: UTF8.self).split(
                separator: "\n")
            try #require(told.count == 2)
            #expect(
                told[0].contains(#""level":"ERROR","#) && told[0].contains("not read until it does") && told[0].contains("No space left"))
            #expect(told[0].contains(#""source":"pipe""#) && told[1].contains("it is read on") && told[1].contains(#""source":"pipe""#))
        }
    }
}
