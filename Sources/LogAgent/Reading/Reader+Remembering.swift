import SystemIO
import Tailing

extension Reader {
    /// Sees to it that steps that look back know the lines before `place`, where `file` is read next: reads them again if need be, at
    /// most ``TransformMemory/blockBytes`` and a little more, after a start or where an output fell behind. Without such steps it does
    /// nothing.
    func remember(_ file: TailedFile, _ state: FileState, before end: FileCursor, at place: TransformMemories.Place) {
        let start = shared.update { agent -> UInt64? in
            let pipeline = agent.pipelines[file.sourceIndex]
            guard let tables = pipeline.transforms?.tableCount, tables > 0 else { return nil }
            let start = state.transformMemories[place, tables].start(
                toReach: end.offset, ofFileReadFrom: state.startOffset, isAssembled: pipeline.assembler != nil)
            if let start { state.transformMemories[place, tables].begin(at: start) }
            return start
        }
        guard let start else { return }
        // What stands at a block's beginning may be the rest of a line that began before it.
        let isBlock = start > state.startOffset
        var cursor = FileCursor(offset: isBlock ? start - 1 : start, guardHash: 0, guardLength: 0, isInsideCutLine: isBlock)
        while cursor.offset < end.offset, case .bytes(let bytes, _) = file.read(at: cursor, into: buffer) {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, Int(clamping: end.offset - cursor.offset))])
            let result = shared.update { replay(piece, from: cursor, before: end, of: state, at: place, $0) }
            guard result.progress.consumed > 0 else { break }
            cursor = TailedFile.advance(
                cursor, over: piece, by: result.progress.consumed, isInsideCutLine: result.progress.isInsideCutLine,
                openEntries: result.openEntries)
        }
        shared.update { agent in
            let tables = agent.pipelines[file.sourceIndex].transforms?.tableCount ?? 0
            // Where the file can't be read, nothing is known, and it will not be tried for each line.
            if cursor.offset != end.offset { state.transformMemories[place, tables].begin(at: end.offset) }
            state.transformMemories[place, tables].reach(end.offset)
        }
    }

    private func replay(
        _ piece: UnsafeRawBufferPointer, from cursor: FileCursor, before end: FileCursor, of state: FileState,
        at place: TransformMemories.Place, _ agent: AgentState
    ) -> LinePipeline.PassResult {
        let pass = LinePipeline.Pass(counts: false, outputs: [], segments: [], now: 0, memory: place, replayEnd: end)
        return agent.pipelines[state.sourceIndex].take(
            piece, at: cursor, isFinal: cursor.offset + UInt64(piece.count) == end.offset, of: state, pass: pass)
    }
}
