/// The line of files to read. Each comes in its turn; of those in one sequence only the first stands in line until it is read to its end.
struct ReadingOrder {
    enum Sequence: Hashable {
        /// Compressed files of all sources.
        case compressed
        /// The files of one source.
        case source(Int)
    }

    private struct Waiting {
        /// Being read: it stands in line again right after each turn, until there is nothing more to read.
        var current: TailedFile?
        /// In the order in which they came.
        var files: [TailedFile] = []
    }

    private var line: [TailedFile] = []
    private var head = 0
    private var sequences: [Sequence: Waiting] = [:]

    /// How many files have something to read.
    private(set) var count = 0

    /// Puts `file` at the end of the line, or of its sequence. Nothing happens if it stands in one already.
    mutating func insert(_ file: TailedFile, sequence: Sequence?) {
        guard !file.isQueued else { return }
        file.isQueued = true
        count += 1
        guard let sequence else { return line.append(file) }
        var waiting = sequences[sequence] ?? Waiting()
        if waiting.current == nil || waiting.current === file {
            waiting.current = file
            line.append(file)
        } else {
            waiting.files.append(file)
        }
        sequences[sequence] = waiting
    }

    mutating func next() -> TailedFile? {
        if !sequences.isEmpty { advanceSequences() }
        guard head < line.count else { return nil }
        let file = line[head]
        head += 1
        if head == line.count {
            line.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 1024 {
            line.removeFirst(head)
            head = 0
        }
        file.isQueued = false
        count -= 1
        return file
    }

    /// Empties the line. Gives what stood in it.
    mutating func takeAll() -> [TailedFile] {
        let files = line[head...] + sequences.values.flatMap(\.files)
        for file in files { file.isQueued = false }
        self = ReadingOrder()
        return Array(files)
    }

    /// Where the file whose turn it was has nothing more to read, or waits for an older one itself, the next one stands in line.
    private mutating func advanceSequences() {
        for (sequence, var waiting) in sequences {
            if let current = waiting.current, current.isQueued {
                guard let older = current.predecessor, older.isQueued, let index = waiting.files.firstIndex(where: { $0 === older }),
                    let place = line[head...].firstIndex(where: { $0 === current })
                else { continue }
                waiting.files[index] = current
                waiting.current = older
                line[place] = older
            } else if waiting.files.isEmpty {
                sequences[sequence] = nil
                continue
            } else {
                let next = waiting.files.removeFirst()
                waiting.current = next
                line.append(next)
            }
            sequences[sequence] = waiting
        }
    }
}
