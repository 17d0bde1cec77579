import Tailing

/// The checkpoint file: `TSCHECKP`, version, payload length, payload hash, payload; numbers little-endian.
enum CheckpointCoding {
    static let magic = Array("TSCHECKP".utf8)
    static let version: UInt32 = 2
    private static let headerBytes = 28

    static func encode(_ checkpoint: Checkpoint) -> [UInt8] {
        var payload = BinaryWriter()
        payload.append(checkpoint.writtenAt)
        payload.append(checkpoint.nextFileID)
        payload.append(UInt32(checkpoint.files.count))
        for file in checkpoint.files { append(file, to: &payload) }
        payload.append(UInt32(checkpoint.closed.count))
        for closed in checkpoint.closed { append(closed, to: &payload) }
        payload.append(checkpoint.metrics)

        var header = BinaryWriter()
        for byte in magic { header.append(byte) }
        header.append(version)
        header.append(UInt64(payload.bytes.count))
        header.append(hash(payload.bytes[...]))
        return header.bytes + payload.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(CheckpointError) -> Checkpoint {
        guard bytes.count >= headerBytes else { throw .damaged("it has \(bytes.count) bytes, fewer than its header") }
        guard Array(bytes[..<8]) == magic else { throw .damaged("it does not begin with TSCHECKP") }
        let found: UInt32 = number(in: bytes, at: 8)
        guard found == version else { throw .otherVersion(found) }
        let length: UInt64 = number(in: bytes, at: 12)
        guard UInt64(bytes.count - headerBytes) == length else {
            throw .damaged("its payload has \(bytes.count - headerBytes) bytes instead of \(length)")
        }
        guard hash(bytes[headerBytes...]) == number(in: bytes, at: 20) else { throw .damaged("its payload does not match its hash") }
        do throws(BinaryReader.Malformed) {
            var reader = BinaryReader(bytes, at: headerBytes)
            let checkpoint = try readCheckpoint(&reader)
            guard reader.isAtEnd else { throw BinaryReader.Malformed(offset: reader.offset) }
            return checkpoint
        } catch {
            throw .damaged("the value at byte \(error.offset) can't be read")
        }
    }

    private static func number<Number: FixedWidthInteger>(in bytes: [UInt8], at offset: Int) -> Number {
        Number(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) })
    }

    private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { ContentHash.of($0) }
    }
}

// MARK: Writing

extension CheckpointCoding {
    private static func append(_ file: Checkpoint.File, to writer: inout BinaryWriter) {
        let saved = file.saved
        writer.append(saved.id)
        writer.append(saved.sourceName)
        writer.append(saved.firstPath)
        writer.append(saved.path != nil)
        writer.append(saved.path ?? "")
        writer.append(saved.identity.device)
        writer.append(saved.identity.inode)
        writer.append(saved.identity.birthNanoseconds)
        writer.append(saved.head.length)
        writer.append(saved.head.hash)
        append(saved.counted, to: &writer)
        writer.append(saved.observedSize)
        writer.append(saved.lastSeenNanoseconds)
        writer.append(saved.isGone)
        writer.append(saved.baseOffset)
        writer.append(saved.inflatedFileSize)
        writer.append(file.startOffset)
        append(file.read, to: &writer)
        writer.append(file.lostUnreadBytes)
        writer.append(UInt32(file.outputs.count))
        for output in file.outputs {
            writer.append(output.name)
            append(output.delivered, to: &writer)
            append(output.ledger, to: &writer)
        }
    }

    private static func append(_ closed: Checkpoint.ClosedFiles, to writer: inout BinaryWriter) {
        writer.append(closed.sourceName)
        writer.append(closed.files)
        append(closed.read, to: &writer)
        writer.append(closed.lostUnreadBytes)
        writer.append(UInt32(closed.outputs.count))
        for output in closed.outputs {
            writer.append(output.name)
            append(output.ledger, to: &writer)
        }
    }

    private static func append(_ cursor: FileCursor, to writer: inout BinaryWriter) {
        writer.append(cursor.offset)
        writer.append(cursor.guardHash)
        writer.append(cursor.guardLength)
        // Where every line is an entry, nothing is added to what earlier versions wrote.
        writer.append(UInt8(cursor.isInsideCutLine ? 1 : 0) | (cursor.openEntries.isEmpty ? 0 : 2))
        if cursor.openEntries.isEmpty { return }
        for writerIndex in 0..<4 { writer.append(cursor.openEntries.distances[writerIndex]) }
        writer.append(cursor.openEntries.lines)
        writer.append(cursor.openEntries.bytes)
    }

    private static func append(_ tally: Tally, to writer: inout BinaryWriter) {
        writer.append(tally.lines)
        writer.append(tally.bytes)
    }

    private static func append(_ ledger: LedgerEntry, to writer: inout BinaryWriter) {
        for tally in [ledger.delivered, ledger.filtered, ledger.refused, ledger.lost] { append(tally, to: &writer) }
    }
}

// MARK: Reading

extension CheckpointCoding {
    private static func readCheckpoint(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> Checkpoint {
        var checkpoint = Checkpoint(
            writtenAt: try reader.read(UInt64.self), nextFileID: try reader.read(UInt64.self), files: [], closed: [], metrics: [])
        for _ in 0..<(try reader.readCount(minimumSize: 100)) { checkpoint.files.append(try readFile(&reader)) }
        for _ in 0..<(try reader.readCount(minimumSize: 40)) { checkpoint.closed.append(try readClosed(&reader)) }
        checkpoint.metrics = try reader.readBytes()
        return checkpoint
    }

    private static func readFile(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> Checkpoint.File {
        let id = try reader.read(UInt64.self)
        let sourceName = try reader.readText()
        let firstPath = try reader.readText()
        let hasPath = try reader.readFlag()
        let path = try reader.readText()
        let saved = SavedFile(
            id: id, sourceName: sourceName, firstPath: firstPath, path: hasPath ? path : nil,
            identity: FileIdentity(
                device: try reader.read(UInt64.self), inode: try reader.read(UInt64.self),
                birthNanoseconds: try reader.read(UInt64.self)),
            head: HeadFingerprint(length: try reader.read(UInt16.self), hash: try reader.read(UInt64.self)),
            counted: try readCursor(&reader), observedSize: try reader.read(UInt64.self),
            lastSeenNanoseconds: try reader.read(UInt64.self), isGone: try reader.readFlag(),
            baseOffset: try reader.read(UInt64.self), inflatedFileSize: try reader.read(UInt64.self))
        var file = Checkpoint.File(
            saved: saved, startOffset: try reader.read(UInt64.self), read: try readTally(&reader),
            lostUnreadBytes: try reader.read(UInt64.self), outputs: [])
        for _ in 0..<(try reader.readCount(minimumSize: 80)) {
            file.outputs.append(
                Checkpoint.Output(
                    name: try reader.readText(), delivered: try readCursor(&reader), ledger: try readLedger(&reader)))
        }
        return file
    }

    private static func readClosed(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> Checkpoint.ClosedFiles {
        var closed = Checkpoint.ClosedFiles(
            sourceName: try reader.readText(), files: try reader.read(UInt64.self), read: try readTally(&reader),
            lostUnreadBytes: try reader.read(UInt64.self), outputs: [])
        for _ in 0..<(try reader.readCount(minimumSize: 60)) {
            closed.outputs.append(Checkpoint.ClosedOutput(name: try reader.readText(), ledger: try readLedger(&reader)))
        }
        return closed
    }

    private static func readCursor(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> FileCursor {
        var cursor = FileCursor(
            offset: try reader.read(UInt64.self), guardHash: try reader.read(UInt64.self), guardLength: try reader.read(UInt8.self),
            isInsideCutLine: false)
        let flags = try reader.read(UInt8.self)
        cursor.isInsideCutLine = flags & 1 != 0
        if flags & 2 != 0 { cursor.openEntries = try readOpenEntries(&reader) }
        guard flags < 4, cursor.guardLength <= ContentHash.guardBytes, UInt64(cursor.guardLength) <= cursor.offset,
            UInt64(cursor.openEntries.reach) <= cursor.offset
        else { throw BinaryReader.Malformed(offset: reader.offset) }
        return cursor
    }

    private static func readOpenEntries(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> OpenEntries {
        var open = OpenEntries.none
        for writer in 0..<4 { open.distances[writer] = try reader.read(UInt32.self) }
        open.lines = try reader.read(UInt32.self)
        open.bytes = try reader.read(UInt32.self)
        guard open.reach > 0 else { throw BinaryReader.Malformed(offset: reader.offset) }
        return open
    }

    private static func readTally(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> Tally {
        Tally(lines: try reader.read(UInt64.self), bytes: try reader.read(UInt64.self))
    }

    private static func readLedger(_ reader: inout BinaryReader) throws(BinaryReader.Malformed) -> LedgerEntry {
        LedgerEntry(
            delivered: try readTally(&reader), filtered: try readTally(&reader), refused: try readTally(&reader),
            lost: try readTally(&reader))
    }
}
