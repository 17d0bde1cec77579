import Foundation
import TestSupport
import Testing

@testable import LogAgent

@Suite struct `Conditions on this machine` {
    private func warnings(sources: String, data: String = "/tmp/state", outputs: String = "[]", directory: String) throws -> [String] {
        let text = "sources: [\(sources)], data_dir: '\(data)', outputs: \(outputs)".replacingOccurrences(of: "DIR", with: directory)
        return PresentConditions.warnings(try load(text).settings).map { $0.replacingOccurrences(of: directory, with: "DIR") }
    }

    @Test func `that are good are not told`() throws {
        try withTemporaryDirectory { directory in
            for name in ["a.log", "b.log"] { try "".write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8) }
            let told = try warnings(
                sources: "{ name: 'a', include: ['DIR/a.*', 'DIR/a.log'] }, { name: 'b', include: 'DIR/*', exclude: 'a.*' }",
                data: "DIR/new/state", outputs: "[{ name: 'd', type: 'directory', path: 'DIR' }]", directory: directory)
            #expect(told == [])
        }
    }

    @Test func `that are odd are told`() throws {
        try withTemporaryDirectory { directory in
            for name in ["a.log", "b.log", "c.log", "d.log", "e.log"] {
                try "".write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
            }
            try FileManager.default.createDirectory(atPath: "\(directory)/x.dir", withIntermediateDirectories: false)
            let told = try warnings(
                sources: "{ name: 'a', include: ['DIR/*.log', 'DIR/*.dir', 'DIR/none/*'] }, { name: 'b', include: 'DIR/{a,b,c,d,e}.log' }",
                data: "DIR/a.log/state", outputs: "[{ name: 'd', type: 'directory', path: 'DIR/b.log' }]", directory: directory)
            #expect(
                told == [
                    "source `a`: DIR/*.dir matches no file now (it will be looked for while running).",
                    "source `a`: DIR/none/* matches no file now (it will be looked for while running).",
                    "DIR/a.log is taken by source `a` and by source `b`.", "DIR/b.log is taken by source `a` and by source `b`.",
                    "DIR/c.log is taken by source `a` and by source `b`.",
                    "DIR/d.log is taken by source `a` and by source `b`, and 1 more.",
                    "cannot write to DIR/a.log/state: Not a directory.", "cannot write to DIR/b.log: DIR/b.log is not a directory.",
                ])
        }
    }
}
