/// What the steps that look back (`limit`, `dedupe`) remember of one file's lines, at one place in it.
///
/// It follows from the bytes of the file alone: from those between the last multiple of ``blockBytes`` and the place. With the first
/// line of a block everything is forgotten. So it is never saved: who needs it at another place reads that much of the file again.
struct TransformMemory {
    /// How much of a file decisions look back at most.
    static let blockBytes: UInt64 = 4 << 20

    /// Where the next line begins; nil: nothing is known.
    private(set) var position: UInt64?
    private var block: UInt64 = 0
    var tables: [KeyTable]

    init(tableCount: Int) {
        tables = Array(repeating: KeyTable(), count: tableCount)
    }

    /// Where to read from to know what there is to know at `offset`; nil: it is known.
    /// `isAssembled`: entries are made of several lines, so what began before the block must be found out first.
    func start(toReach offset: UInt64, ofFileReadFrom startOffset: UInt64, isAssembled: Bool = false) -> UInt64? {
        if position == offset { return nil }
        return max(startOffset, isAssembled ? Self.firstNeeded(at: offset) : Self.blockStart(of: offset))
    }

    /// Where the block begins that a place is in.
    static func blockStart(of offset: UInt64) -> UInt64 { offset / blockBytes * blockBytes }

    /// Of which nothing before is looked at, whatever lines are assembled to.
    static func firstNeeded(at offset: UInt64) -> UInt64 {
        let start = blockStart(of: offset)
        return start > leadBytes ? start - leadBytes : 0
    }

    /// How far an entry of several lines that reaches into a block can have begun before it.
    private static let leadBytes: UInt64 = 1 << 20

    /// Forgets everything: lines come from `offset` on.
    mutating func begin(at offset: UInt64) {
        position = offset
        block = offset / Self.blockBytes
        for index in tables.indices { tables[index].removeAll() }
    }

    /// A line begins at `offset`.
    mutating func enter(lineAt offset: UInt64) {
        // An entry of several lines can come after one that began later.
        guard offset / Self.blockBytes > block else { return }
        block = offset / Self.blockBytes
        for index in tables.indices { tables[index].removeAll() }
    }

    /// Every line before `offset` was seen.
    mutating func reach(_ offset: UInt64) { position = offset }
}

/// What is remembered of one file at each place where it is read: where it is counted, and where it is read again for an output that
/// fell behind.
struct TransformMemories {
    enum Place {
        case counting
        case delivering(output: Int)

        fileprivate var index: Int {
            switch self {
            case .counting: 0
            case .delivering(let output): output + 1
            }
        }
    }

    private var memories: [TransformMemory] = []

    subscript(place: Place, tableCount: Int) -> TransformMemory {
        mutating get {
            grow(to: place, tableCount)
            return memories[place.index]
        }
        _modify {
            grow(to: place, tableCount)
            yield &memories[place.index]
        }
    }

    mutating func use<Result>(_ place: Place, _ tableCount: Int, _ body: (inout TransformMemory) -> Result) -> Result {
        if tableCount == 0 {
            var none = TransformMemory(tableCount: 0)
            return body(&none)
        }
        grow(to: place, tableCount)
        return body(&memories[place.index])
    }

    /// An output reads no more at its own place.
    mutating func forget(_ place: Place) {
        if place.index < memories.count { memories[place.index] = TransformMemory(tableCount: memories[place.index].tables.count) }
    }

    mutating func removeAll() {
        if !memories.isEmpty { memories.removeAll() }
    }

    private mutating func grow(to place: Place, _ tableCount: Int) {
        while memories.count <= place.index { memories.append(TransformMemory(tableCount: tableCount)) }
    }
}
