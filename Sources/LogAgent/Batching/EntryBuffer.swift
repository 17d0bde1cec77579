import JSONScanning

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
    @inline(__always)
    mutating func reserve(_ extra: Int) {
        if count &+ extra > capacity { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
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

    @inline(__always)
    mutating func advance(by filled: Int) {
        precondition(filled <= capacity - count, "more was filled than there was room for")
        count += filled
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// The lower byte first.
    @inline(__always)
    mutating func append(_ number: UInt16) {
        reserve(2)
        base.storeBytes(of: number.littleEndian, toByteOffset: count, as: UInt16.self)
        count += 2
    }

    @inline(__always)
    mutating func append(_ source: UnsafeRawBufferPointer) {
        guard let start = source.baseAddress else { return }
        reserve(source.count)
        (base + count).copyMemory(from: start, byteCount: source.count)
        count += source.count
    }

    /// What ``appendPieces(_:count:)`` copies at once.
    static let pieceBytes = 16

    /// Appends a short text behind which as much as a piece can be read.
    @inline(__always)
    mutating func appendPieces(_ source: UnsafeRawPointer, count added: Int) {
        reserve(added &+ Self.pieceBytes)
        let target = base + count
        var offset = 0
        repeat {
            let piece = source.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
            target.storeBytes(of: piece, toByteOffset: offset, as: SIMD16<UInt8>.self)
            offset &+= Self.pieceBytes
        } while offset < added
        count &+= added
    }

    /// `["1700000000123456789","`: what an entry begins with.
    @inline(__always)
    mutating func appendEntryHead(timestamp: UInt64) {
        reserve(32)
        (base + count).storeBytes(of: Self.headOpening.littleEndian, as: UInt16.self)
        count &+= 2
        let top = timestamp / 10_000_000_000_000_000
        if top > 0 {
            // Every time since April 1970: up to four digits, then two words of eight.
            appendDigits(top)
            let rest = timestamp &- top &* 10_000_000_000_000_000
            let upper = rest / 100_000_000
            let out = base + count
            out.storeBytes(of: Self.eightDigits(upper).littleEndian, as: UInt64.self)
            out.storeBytes(of: Self.eightDigits(rest &- upper &* 100_000_000).littleEndian, toByteOffset: 8, as: UInt64.self)
            count &+= 16
        } else {
            appendDigits(timestamp)
        }
        // The fourth byte is room.
        (base + count).storeBytes(of: Self.headEnd.littleEndian, as: UInt32.self)
        count &+= 3
    }

    /// `["`, from the lowest byte on.
    private static let headOpening: UInt16 = 0x225B
    /// `","`, from the lowest byte on.
    private static let headEnd: UInt32 = 0x22_2C22

    /// The shortest decimal text, at most 20 digits; the room must be there.
    @inline(__always)
    private mutating func appendDigits(_ value: UInt64) {
        var digits = 1
        var rest = value / 10
        while rest > 0 {
            rest /= 10
            digits &+= 1
        }
        rest = value
        var place = base + (count &+ digits)
        count &+= digits
        repeat {
            let next = rest / 10
            place -= 1
            place.storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest &- next &* 10), as: UInt8.self)
            rest = next
        } while rest > 0
    }

    /// The decimal text of a number below 10^8, the first digit in the lowest byte: halved three times, all parts of a step at once.
    @inline(__always)
    private static func eightDigits(_ value: UInt64) -> UInt64 {
        let upper = value / 10_000
        let fours = upper | (value &- upper &* 10_000) &<< 32
        // x · 10,486 / 2^20 is x / 100 for x below 10,000; y · 103 / 2^10 is y / 10 for y below 100.
        let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) &<< 16
        let tens = ((twos &* 103) &>> 10) & 0x000F_000F_000F_000F
        return (tens | (twos &- tens &* 10) &<< 8) | 0x3030_3030_3030_3030
    }

    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `text` as the inside of a JSON string if that is the text itself, and it is short; false if not.
    @inline(__always)
    mutating func appendPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count <= 64, let start = text.baseAddress else { return false }
        reserve(64)
        guard JSONStringEscaping.copyPlain(from: start, to: base + count, count: text.count) else { return false }
        count += text.count
        return true
    }

    mutating func replaceFirst(by byte: UInt8) { base.storeBytes(of: byte, as: UInt8.self) }

    /// Appends `text` as the inside of a JSON string. Bytes that are no UTF-8 become U+FFFD; gives how often.
    @discardableResult
    mutating func appendEscaped(_ text: UnsafeRawBufferPointer) -> Int {
        var rest = text
        var replaced = 0
        // Most texts grow by a tenth or so when they are escaped; what does not fit is gone on with.
        reserve(rest.count + rest.count / 4 + 16)
        while !rest.isEmpty {
            let progress = JSONStringEscaping.escape(rest, into: room)
            advance(by: progress.written)
            replaced += progress.replaced
            rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
            if !rest.isEmpty { reserve(rest.count * 2 + 64) }
        }
        return replaced
    }

    mutating func removeAll() { count = 0 }
}
