import FoundationEssentials
import SystemIO
import Tailing
import TestSupport
import Testing

@testable import TraceCollector

struct FilePositionsTests {
    private func saved(headLength: UInt16 = 256, offset: UInt64 = 100, guardLength: UInt8 = 64) -> SavedFile {
        SavedFile(
            id: 1, sourceName: "files-0", firstPath: "/a.jsonl", path: "/a.jsonl",
            identity: FileIdentity(device: 1, inode: 2, birthNanoseconds: 3), head: HeadFingerprint(length: headLength, hash: 4),
            counted: FileCursor(offset: offset, guardHash: 5, guardLength: guardLength, isInsideCutLine: false), observedSize: 200,
            lastSeenNanoseconds: 6, isGone: false, baseOffset: 0, inflatedFileSize: 0)
    }

    @Test func `what was saved is there again`() throws {
        try withTemporaryDirectory { directory in
            let positions = FilePositions(dataDirectory: directory)
            #expect(try positions.load()?.files.isEmpty == true)
            try positions.save([saved()], nextID: 2)
            let loaded = try #require(try positions.load())
            #expect(loaded.files.map(\.counted.offset) == [100])
            #expect(loaded.nextID == 2)
        }
    }

    @Test func `a file that is damaged, or says what can't be, is not gone on with`() throws {
        try withTemporaryDirectory { directory in
            let positions = FilePositions(dataDirectory: directory)
            for impossible in [saved(headLength: 257), saved(guardLength: 65), saved(offset: 63)] {
                try positions.save([impossible], nextID: 2)
                #expect(try positions.load() == nil)
            }
            try positions.save([saved()], nextID: 2)
            let whole = try Data(contentsOf: URL(filePath: positions.path))
            try whole.dropLast().write(to: URL(filePath: positions.path))
            #expect(try positions.load() == nil)
        }
    }
}
