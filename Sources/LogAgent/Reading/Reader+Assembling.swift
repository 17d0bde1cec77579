import SystemIO
import Tailing

extension Reader {
    /// After the start: entries that were open when the process before ended wait for their next lines from now on.
    func awaitOpenEntries() {
        for file in tails.files.values where !file.counted.openEntries.isEmpty {
            shared.update { agent in
                if let state = agent.files[file.id] { awaitOpenEntries(of: file, state, agent, grown: .all) }
            }
        }
    }

    /// Notes when the entries of `file` that are open will have waited long enough; `grown` are those that just got a line.
    func awaitOpenEntries(of file: TailedFile, _ state: FileState, _ agent: AgentState, grown: LogStreamSet) {
        guard !file.counted.openEntries.isEmpty else {
            if !entryDeadlines.isEmpty { entryDeadlines[file.id] = nil }
            return
        }
        let now = SystemClock.monotonicNanoseconds()
        let timeout = entryTimeoutNanoseconds(of: file, agent)
        var deadline = UInt64.max
        for stream in LogStream.allCases where file.counted.openEntries.distances[stream.rawValue] > 0 {
            if grown.contains(stream) { state.lastLineNanoseconds[stream.rawValue] = now }
            deadline = min(deadline, state.lastLineNanoseconds[stream.rawValue] + timeout)
        }
        entryDeadlines[file.id] = deadline
    }

    /// The streams whose open entries have waited long enough.
    func idleStreams(of file: TailedFile, _ state: FileState) -> LogStreamSet {
        guard !file.counted.openEntries.isEmpty else { return [] }
        let now = SystemClock.monotonicNanoseconds()
        let timeout = shared.update { entryTimeoutNanoseconds(of: file, $0) }
        var idle: LogStreamSet = []
        for stream in LogStream.allCases
        where file.counted.openEntries.distances[stream.rawValue] > 0 && state.lastLineNanoseconds[stream.rawValue] + timeout <= now {
            idle.insert(LogStreamSet(stream))
        }
        return idle
    }

    /// Lets files be read whose open entries have waited long enough. Gives the monotonic time at which to look again.
    func queueFilesWithIdleEntries(now: UInt64) -> UInt64 {
        var next = UInt64.max
        for (id, deadline) in entryDeadlines {
            if deadline > now {
                next = min(next, deadline)
            } else if let file = tails.files[id] {
                tails.markReadable(file)
            } else {
                entryDeadlines[id] = nil
            }
        }
        return next
    }

    private func entryTimeoutNanoseconds(of file: TailedFile, _ agent: AgentState) -> UInt64 {
        agent.settings.sources[file.sourceIndex].assembling?.timeoutNanoseconds ?? 0
    }
}
