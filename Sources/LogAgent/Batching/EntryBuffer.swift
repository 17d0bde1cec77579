/// Growable raw memory for the bytes of one batch, taken from ``BufferMemory`` and given back to it.
///
/// `@unchecked`: it owns its memory alone (it can't be copied), and who holds it as a `let` can only read.
struct EntryBuffer: ~Copyable, @unchecked Sendable {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        let block = BufferMemory.shared.take(capacity)
        base = block.base
        self.capacity = block.capacity
    }

    deinit { BufferMemory.shared.giveBack(BufferMemory.Block(base: base, capacity: capacity)) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Makes room for `extra` bytes behind what is there.
    mutating func reserve(_ extra: Int) {
        guard count + extra > capacity else { return }
        var grown = max(capacity * 2, 256)
        while grown < count + extra { grown *= 2 }
        let moved = BufferMemory.shared.take(grown)
        moved.base.copyMemory(from: base, byteCount: count)
        BufferMemory.shared.giveBack(BufferMemory.Block(base: base, capacity: capacity))
        base = moved.base
        capacity = moved.capacity
    }

    /// The room behind what is there, to be filled and then taken with ``advance(by:)``.
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count) }

    mutating func advance(by filled: Int) {
        precondition(filled <= capacity - count, "more was filled than there was room for")
        count += filled
    }

    mutating func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        reserve(source.count)
        (base + count).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    /// `["1700000000123456789","`: what an entry begins with.
    mutating func appendEntryHead(timestamp: UInt64) {
        reserve(32)
        var digits = 1
        var limit: UInt64 = 10
        while digits < 20 && timestamp >= limit {
            digits += 1
            limit = digits == 20 ? .max : limit &* 10
        }
        let out = base + count
        out.storeBytes(of: UInt8(ascii: "["), toByteOffset: 0, as: UInt8.self)
        out.storeBytes(of: UInt8(ascii: "\""), toByteOffset: 1, as: UInt8.self)
        var rest = timestamp
        var position = 1 + digits
        while position > 1 {
            let next = rest / 10
            out.storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- next &* 10), toByteOffset: position, as: UInt8.self)
            rest = next
            position -= 1
        }
        out.storeBytes(of: UInt8(ascii: "\""), toByteOffset: digits + 2, as: UInt8.self)
        out.storeBytes(of: UInt8(ascii: ","), toByteOffset: digits + 3, as: UInt8.self)
        out.storeBytes(of: UInt8(ascii: "\""), toByteOffset: digits + 4, as: UInt8.self)
        count += digits + 5
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func removeAll() { count = 0 }
}
