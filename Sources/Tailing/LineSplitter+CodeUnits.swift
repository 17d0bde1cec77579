/// Lines of text whose characters take two or four bytes at least.
extension LineSplitter {
    /// As ``split(_:isInsideCutLine:isFinal:_:)``, by units of more than a byte.
    func splitUnits(
        _ piece: UnsafeRawBufferPointer, isInsideCutLine: Bool, isFinal: Bool, _ take: (Line) -> Void
    ) -> Progress {
        var progress = Progress(consumed: 0, isInsideCutLine: isInsideCutLine, lineCount: 0, droppedBytes: 0)
        let width = unit.width
        var start = 0
        while start < piece.count {
            let newline = unit.first(0x0a, in: piece, from: start)
            if progress.isInsideCutLine {
                // Half a unit at the end waits for its other half.
                let end = newline ?? (isFinal ? piece.count : piece.count - (piece.count - start) % width)
                progress.droppedBytes += end - start
                progress.isInsideCutLine = newline == nil
                start = newline.map { $0 + width } ?? end
                if newline == nil { break }
                continue
            }
            let stop = newline ?? piece.count
            let endsWithReturn = newline != nil && stop > start && unit.isUnit(0x0d, in: piece, at: stop - width)
            let length = stop - start - (endsWithReturn ? width : 0)
            let isTooLong = newline != nil || isFinal ? length > maximumLineBytes : length > maximumLineBytes + width
            if isTooLong {
                let whole = UnsafeRawBufferPointer(rebasing: piece[start..<start + length])
                let cut = unit.characterEdge(in: whole, atMost: maximumLineBytes)
                take(Line(bytes: UnsafeRawBufferPointer(rebasing: whole[..<cut]), start: start, fileBytes: cut, isCut: true))
                progress.lineCount += 1
                progress.isInsideCutLine = true
                start += cut
                continue
            }
            if newline == nil && !isFinal { break }
            let next = newline.map { $0 + width } ?? piece.count
            let bytes = UnsafeRawBufferPointer(rebasing: piece[start..<start + length])
            take(Line(bytes: bytes, start: start, fileBytes: next - start, isCut: false))
            progress.lineCount += 1
            start = next
        }
        if isFinal && start == piece.count { progress.isInsideCutLine = false }
        progress.consumed = start
        return progress
    }
}
