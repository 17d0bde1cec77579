import Glibc

/// A piece of memory for the texts of many series.
///
/// `@unchecked Sendable`: the one owner of the arena writes each byte once, before it hands out the ``SeriesText`` that covers
/// it; copies of that reach another thread only through the lock that the owner's caller holds. Nothing is overwritten or moved.
final class TextChunk: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let capacity: Int

    init(capacity: Int) {
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        self.capacity = capacity
    }

    deinit { base.deallocate() }
}

/// Where the texts of one series stand: its key, and right behind it its rendered labels. Valid while its chunk lives.
///
/// `@unchecked Sendable` for the reason that ``TextChunk`` gives: what it points to never changes.
struct SeriesText: BitwiseCopyable, @unchecked Sendable {
    /// nil: a free slot.
    let base: UnsafeRawPointer?
    let keyCount: UInt32
    let labelsCount: UInt32

    static let free = SeriesText(base: nil, keyCount: 0, labelsCount: 0)

    /// The label values as ``SeriesKey`` lays them out.
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: Int(keyCount)) }
    /// `a="x",b="y"`, escaped, without braces.
    var labels: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base.map { $0 + Int(keyCount) }, count: Int(labelsCount)) }
    var byteCount: Int { Int(keyCount) + Int(labelsCount) }
}

/// Keeps texts for as long as anyone refers to their chunk; it only ever grows.
struct TextArena {
    private(set) var chunks: [TextChunk] = []
    private(set) var byteCount = 0
    private var room = 0

    mutating func append(key: UnsafeRawBufferPointer, labels: UnsafeRawBufferPointer) -> SeriesText {
        let needed = key.count + labels.count
        if needed > room || chunks.isEmpty {
            // Small families stay small; large ones take few chunks.
            let usual = min(65536, max(512, (chunks.last?.capacity ?? 0) * 2))
            let chunk = TextChunk(capacity: max(usual, needed))
            chunks.append(chunk)
            room = chunk.capacity
        }
        let chunk = chunks[chunks.count - 1]
        let base = chunk.base + (chunk.capacity - room)
        if let start = key.baseAddress { memcpy(base, start, key.count) }
        if let start = labels.baseAddress { memcpy(base + key.count, start, labels.count) }
        room -= needed
        byteCount += needed
        return SeriesText(base: UnsafeRawPointer(base), keyCount: UInt32(key.count), labelsCount: UInt32(labels.count))
    }
}
