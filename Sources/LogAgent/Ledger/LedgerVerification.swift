import Glibc
import SystemIO
import Tailing

/// Reads the files again and compares with what the checkpoint says of them.
struct LedgerVerification {
    struct Finding: Equatable {
        enum Verdict: Equatable {
            /// The file's bytes are those that were read, and hold as many lines.
            case proven
            /// Its content is not there any more; the checkpoint's sums still close.
            case gone
            case mismatch(String)
            /// It is there, and can't be looked at.
            case unreadable(String)
        }
        var path: String
        var lines: UInt64
        var verdict: Verdict
    }

    private(set) var findings: [Finding] = []

    /// How a source finds its lines: what is one depends on it.
    struct LineLimits {
        var maximumLineBytes = 256 * 1024
        var encoding = TextEncoding.utf8
        /// Its files are segments, which are neither compressed nor marked.
        var isCaptured = false
    }

    /// `limits` by the names of the sources.
    init(_ checkpoint: Checkpoint, limits: [String: LineLimits]) {
        for file in checkpoint.files {
            let limit = limits[file.saved.sourceName] ?? LineLimits()
            findings.append(
                Finding(
                    path: file.saved.path ?? file.saved.firstPath, lines: file.read.lines, verdict: Self.verdict(on: file, limit)))
        }
    }

    /// Nothing speaks against it, and nothing was kept from being looked at.
    var isProven: Bool {
        findings.allSatisfy { finding in
            switch finding.verdict {
            case .proven, .gone: true
            case .mismatch, .unreadable: false
            }
        }
    }

    private static func verdict(on file: Checkpoint.File, _ limits: LineLimits) -> Finding.Verdict {
        for output in file.outputs {
            let settled = output.ledger.settled
            if settled.lines > file.read.lines || settled.bytes > file.read.bytes {
                return .mismatch(
                    "output \(output.name) has settled \(settled.lines) lines and \(settled.bytes) bytes of \(file.read.lines) and \(file.read.bytes) read"
                )
            }
        }
        if file.read.bytes != file.saved.counted.offset - file.startOffset {
            return .mismatch("\(file.read.bytes) bytes were read, but the cursor moved by \(file.saved.counted.offset - file.startOffset)")
        }
        guard !file.saved.isGone, file.saved.path != nil else { return .gone }
        return recount(file, limits)
    }

    private static func recount(_ file: Checkpoint.File, _ limits: LineLimits) -> Finding.Verdict {
        let tailed = TailedFile(restoring: file.saved, sourceIndex: 0)
        if limits.isCaptured && file.saved.path == file.saved.firstPath { tailed.takeAsPlain() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1 << 20, limits.maximumLineBytes + 64) + TailedFile.readOverhead, alignment: 64)
        defer { buffer.deallocate() }
        let encoding = TextEncoding.of(declared: limits.encoding, mark: tailed.probedByteOrderMark())
        let splitter = LineSplitter(maximumLineBytes: limits.maximumLineBytes, unit: encoding.unit)
        var lines: UInt64 = 0
        var cursor = FileCursor(offset: file.startOffset, guardHash: 0, guardLength: 0, isInsideCutLine: false)
        while cursor.offset < file.saved.counted.offset {
            let bytes: UnsafeRawBufferPointer
            let reachesEnd: Bool
            switch tailed.read(at: cursor, into: buffer) {
            case .bytes(let read, let isEnd): (bytes, reachesEnd) = (read, isEnd)
            case .replaced: return .gone
            case .unavailable(let error): return error.map { .unreadable("\($0)") } ?? .gone
            }
            let rest = file.saved.counted.offset - cursor.offset
            let piece = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(clamping: rest))])
            let progress = splitter.split(
                piece, isInsideCutLine: cursor.isInsideCutLine, isFinal: UInt64(piece.count) == rest
            ) { _ in }
            lines += UInt64(progress.lineCount)
            if progress.consumed == 0 && reachesEnd {
                return .mismatch(
                    "the file ends at byte \(cursor.offset + UInt64(bytes.count)), before the cursor at \(file.saved.counted.offset)")
            }
            cursor = TailedFile.advance(cursor, over: piece, by: progress.consumed, isInsideCutLine: progress.isInsideCutLine)
        }
        if cursor.guardHash != file.saved.counted.guardHash && cursor.guardLength == file.saved.counted.guardLength {
            return .mismatch("other bytes stand before the cursor at \(file.saved.counted.offset)")
        }
        return lines == file.read.lines
            ? .proven : .mismatch("the file holds \(lines) lines before the cursor, \(file.read.lines) were read")
    }
}
