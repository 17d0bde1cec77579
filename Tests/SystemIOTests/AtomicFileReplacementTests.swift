import Foundation
import SystemIO
import TestSupport
import Testing

struct AtomicFileReplacementTests {
    @Test func `the new content stands whole and nothing is left beside it`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/state"
            try AtomicFileReplacement.write(Array("one".utf8), to: path)
            try AtomicFileReplacement.write(Array("second".utf8), to: path)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "second")
            #expect(try Directory.entries(of: directory).map(\.name) == ["state"])
        }
    }

    @Test func `an error names the file and leaves the old content`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/missing/state"
            let error = #expect(throws: SystemError.self) { try AtomicFileReplacement.write([1], to: path) }
            #expect(error?.description == "open \(path).new: No such file or directory")
        }
    }
}
