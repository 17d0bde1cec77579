import Glibc

/// Finds the lines in a piece of a file's content. Where a read happens to end never changes what the lines are.
package struct LineSplitter: Sendable {
    package struct Line {
        /// Without its newline and without a carriage return before that.
        package let bytes: UnsafeRawBufferPointer
        /// Where the line begins, relative to the piece.
        package let start: Int
        /// What it takes of the piece, its line end included.
        package let fileBytes: Int
        /// The line went on; these are its first bytes, up to a character's edge.
        package let isCut: Bool
    }

    package struct Progress: Equatable {
        /// How much of the piece was taken.
        package var consumed: Int
        /// What was taken ends inside a line that was cut.
        package var isInsideCutLine: Bool
        package var lineCount: Int
        /// Bytes of cut lines that were passed over, without their newlines.
        package var droppedBytes: Int

        package init(consumed: Int, isInsideCutLine: Bool, lineCount: Int, droppedBytes: Int) {
            self.consumed = consumed
            self.isInsideCutLine = isInsideCutLine
            self.lineCount = lineCount
            self.droppedBytes = droppedBytes
        }
    }

    package let maximumLineBytes: Int
    package let unit: CodeUnit

    package init(maximumLineBytes: Int, unit: CodeUnit = .byte) {
        self.maximumLineBytes = maximumLineBytes
        self.unit = unit
    }

    /// Calls `take` for each complete line of `piece`, which begins where a line does, or inside a cut one.
    /// `isFinal`: nothing will ever follow, so what stands behind the last newline is a line too.
    package func split(
        _ piece: UnsafeRawBufferPointer, isInsideCutLine: Bool, isFinal: Bool, _ take: (Line) -> Void
    ) -> Progress {
        if unit != .byte { return splitUnits(piece, isInsideCutLine: isInsideCutLine, isFinal: isFinal, take) }
        var progress = Progress(consumed: 0, isInsideCutLine: isInsideCutLine, lineCount: 0, droppedBytes: 0)
        guard let base = piece.baseAddress else {
            if isFinal { progress.isInsideCutLine = false }
            return progress
        }
        let end = piece.count
        var start = 0
        while start < end {
            let newline = memchr(base + start, 0x0a, end - start).map { UnsafeRawPointer($0) - base }
            if progress.isInsideCutLine {
                guard let newline else {
                    progress.droppedBytes += end - start
                    start = end
                    break
                }
                progress.droppedBytes += newline - start
                progress.isInsideCutLine = false
                start = newline + 1
                continue
            }
            let stop = newline ?? end
            var length = stop - start
            // A carriage return that the newline makes vanish doesn't count; before the newline has come, it can't be told.
            let endsWithReturn = length > 0 && base.load(fromByteOffset: stop - 1, as: UInt8.self) == 0x0d
            let isTooLong =
                newline != nil || isFinal
                ? length - (endsWithReturn && newline != nil ? 1 : 0) > maximumLineBytes
                : length > maximumLineBytes + 1
            if isTooLong {
                let cut = Self.characterEdge(in: UnsafeRawBufferPointer(start: base + start, count: length), atMost: maximumLineBytes)
                take(Line(bytes: UnsafeRawBufferPointer(start: base + start, count: cut), start: start, fileBytes: cut, isCut: true))
                progress.lineCount += 1
                progress.isInsideCutLine = true
                start += cut
                continue
            }
            if newline == nil && !isFinal { break }
            if endsWithReturn && newline != nil { length -= 1 }
            let next = newline.map { $0 + 1 } ?? end
            let bytes = UnsafeRawBufferPointer(start: base + start, count: length)
            take(Line(bytes: bytes, start: start, fileBytes: next - start, isCut: false))
            progress.lineCount += 1
            start = next
        }
        if isFinal && start == end { progress.isInsideCutLine = false }
        progress.consumed = start
        return progress
    }

    /// The largest count of `bytes`, up to `limit`, that does not end inside a UTF-8 character.
    package static func characterEdge(in bytes: UnsafeRawBufferPointer, atMost limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.count }
        var edge = limit
        // A character has at most three continuation bytes; where there are more, it isn't UTF-8 and any edge will do.
        while edge > 0 && limit - edge < 3 && bytes[edge] & 0xc0 == 0x80 { edge -= 1 }
        return edge > 0 && bytes[edge] & 0xc0 != 0x80 ? edge : limit
    }
}
