import Foundation
import SystemIO
import TestSupport
import Testing

@Suite struct DirectoryTests {
    @Test func `removes a tree, and not what its links lead to`() throws {
        try withTemporaryDirectory { directory in
            try Directory.create(directory + "/tree/one/two/three")
            try Directory.create(directory + "/else")
            for path in ["/tree/file", "/tree/one/two/file", "/else/file"] { try Data().write(to: URL(fileURLWithPath: directory + path)) }
            try FileManager.default.createSymbolicLink(atPath: directory + "/tree/one/link", withDestinationPath: directory + "/else")
            try FileManager.default.createSymbolicLink(atPath: directory + "/tree/nowhere", withDestinationPath: "/nowhere")
            try Directory.removeTree(directory + "/tree")
            #expect(try Directory.entries(of: directory).map(\.name) == ["else"])
            #expect(try Directory.entries(of: directory + "/else").map(\.name) == ["file"])
            // What is not there is removed already.
            try Directory.removeTree(directory + "/tree")
            try Directory.removeTree(directory + "/tree/one")
            try Directory.removeTree(directory + "/else/file")
            #expect(try Directory.entries(of: directory + "/else").isEmpty)
        }
    }

    @Test func `knows how much room there is`() throws {
        try withTemporaryDirectory { directory in
            let bytes = try FileSystemSpace.availableBytes(at: directory)
            #expect(bytes > 0)
            #expect(throws: SystemError(call: "statvfs", subject: directory + "/none", code: ENOENT)) {
                try FileSystemSpace.availableBytes(at: directory + "/none")
            }
        }
    }
}
