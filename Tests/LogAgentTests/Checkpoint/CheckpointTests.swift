import Foundation
import SystemIO
import Tailing
import TestSupport
import Testing

@testable import LogAgent

struct CheckpointTests {
    static let checkpoint = Checkpoint(
        writtenAt: 1_700_000_000_000_000_000, nextFileID: 8,
        files: [
            Checkpoint.File(
                saved: SavedFile(
                    id: 7, sourceName: "transcode", firstPath: "/logs/ä.log", path: nil,
                    identity: FileIdentity(device: 1, inode: 2, birthNanoseconds: 3), head: HeadFingerprint(length: 256, hash: 4),
                    counted: FileCursor(offset: 1000, guardHash: 5, guardLength: 64, isInsideCutLine: true), observedSize: 1100,
                    lastSeenNanoseconds: 6, isGone: false, baseOffset: 900, inflatedFileSize: 77),
                startOffset: 10, read: Tally(lines: 9, bytes: 990), lostUnreadBytes: 11,
                outputs: [
                    Checkpoint.Output(
                        name: "loki", delivered: .start,
                        ledger: LedgerEntry(
                            delivered: Tally(lines: 1, bytes: 2), filtered: Tally(lines: 3, bytes: 4), refused: Tally(lines: 5, bytes: 6),
                            lost: Tally(lines: 7, bytes: 8)))
                ])
        ],
        closed: [
            Checkpoint.ClosedFiles(
                sourceName: "transcode", files: 3, read: Tally(lines: 12, bytes: 13), lostUnreadBytes: 14,
                outputs: [Checkpoint.ClosedOutput(name: "loki", ledger: LedgerEntry(delivered: Tally(lines: 12, bytes: 13)))])
        ],
        metrics: [1, 2, 3])

    @Test func `what is written is read`() throws {
        #expect(try CheckpointCoding.decode(CheckpointCoding.encode(Self.checkpoint)) == Self.checkpoint)
    }

    @Test func `every cut and every changed byte is found`() throws {
        let bytes = CheckpointCoding.encode(Self.checkpoint)
        for count in 0..<bytes.count {
            #expect(throws: CheckpointError.self) { try CheckpointCoding.decode(Array(bytes[..<count])) }
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            #expect(throws: CheckpointError.self) { try CheckpointCoding.decode(changed) }
        }
    }

    @Test func `a newer version is told apart from damage`() {
        var bytes = CheckpointCoding.encode(Self.checkpoint)
        bytes[8] = 3
        let error = #expect(throws: CheckpointError.self) { try CheckpointCoding.decode(bytes) }
        #expect(error == .otherVersion(3))
        #expect(error?.description == "The checkpoint has format version 3; this log-agent reads version 2.")
    }

    @Test func `a payload that lies about its lengths is refused, whatever its hash says`() {
        var writer = BinaryWriter()
        writer.append(UInt64(0))
        writer.append(UInt64(1))
        writer.append(UInt32.max)
        var bytes = CheckpointCoding.magic
        var header = BinaryWriter()
        header.append(CheckpointCoding.version)
        header.append(UInt64(writer.bytes.count))
        header.append(writer.bytes.withUnsafeBytes { ContentHash.of($0) })
        bytes += header.bytes + writer.bytes
        #expect(throws: CheckpointError.damaged("the value at byte 44 can't be read")) { try CheckpointCoding.decode(bytes) }
    }

    @Test func `the file is replaced whole, and set aside when it can't be used`() throws {
        try withTemporaryDirectory { directory in
            let file = CheckpointFile(dataDirectory: directory)
            #expect(try file.load() == nil)
            try file.write(CheckpointCoding.encode(Self.checkpoint))
            #expect(try file.load() == Self.checkpoint)
            try file.write([1, 2, 3])
            #expect(throws: CheckpointError.damaged("it has 3 bytes, fewer than its header")) { try file.load() }
            let aside = try file.setAside()
            #expect(try Data(contentsOf: URL(fileURLWithPath: aside)) == Data([1, 2, 3]))
            #expect(try file.load() == nil)
        }
    }
}
