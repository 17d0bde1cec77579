import Glibc

/// The label values of one series as bytes, in a buffer that is used again and again: two bytes of length (little-endian), then
/// the value, for each label in the family's order.
///
/// What is appended becomes what an exposition may hold: valid UTF-8 (U+FFFD where the input is not), at most
/// ``maximumValueBytes`` long (cut at a character's edge; ``cutValues`` counts them).
package struct SeriesKey: ~Copyable {
    /// A longer label value is cut: a line of 256 KiB must not become a label of 256 KiB.
    package static let maximumValueBytes = 1024

    package private(set) var base: UnsafeMutableRawPointer
    @usableFromInline package var count: Int
    @usableFromInline package var valueCount: Int
    private var capacity: Int
    /// How many values were cut since this buffer was made.
    package private(set) var cutValues: UInt64 = 0

    package init() {
        capacity = 2048
        base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        count = 0
        valueCount = 0
    }

    deinit { base.deallocate() }

    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @inlinable
    package mutating func removeAll() {
        count = 0
        valueCount = 0
    }

    package mutating func append(_ value: String) {
        var value = value
        value.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends one label value.
    package mutating func append(_ value: UnsafeRawBufferPointer) {
        let length = value.count
        reserve(Self.maximumValueBytes + 2)
        guard length <= Self.maximumValueBytes, let source = value.baseAddress else {
            if length == 0 { appendLength(0) } else { appendUnusual(value) }
            return
        }
        let target = base + count + 2
        guard Self.copyASCII(from: source, to: target, count: length) else { return appendUnusual(value) }
        appendLength(length)
    }

    @inline(__always)
    private mutating func appendLength(_ length: Int) {
        base.storeBytes(of: UInt16(truncatingIfNeeded: length).littleEndian, toByteOffset: count, as: UInt16.self)
        count += 2 + length
        valueCount += 1
    }

    /// False as soon as a byte is not ASCII: the target then holds rubbish.
    @inline(__always)
    private static func copyASCII(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) -> Bool {
        var seen: UInt64 = 0
        // What is left of the last word is taken again with what precedes it, in one piece.
        if count >= 8 {
            var offset = 0
            while offset + 8 <= count {
                seen |= copy(UInt64.self, from: source, to: target, at: offset)
                offset += 8
            }
            seen |= copy(UInt64.self, from: source, to: target, at: count - 8)
        } else if count >= 4 {
            seen = UInt64(copy(UInt32.self, from: source, to: target, at: 0))
            seen |= UInt64(copy(UInt32.self, from: source, to: target, at: count - 4))
        } else {
            for offset in 0..<count { seen |= UInt64(copy(UInt8.self, from: source, to: target, at: offset)) }
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    @inline(__always)
    private static func copy<Word: BitwiseCopyable>(
        _ type: Word.Type, from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, at offset: Int
    ) -> Word {
        let word = source.loadUnaligned(fromByteOffset: offset, as: Word.self)
        target.storeBytes(of: word, toByteOffset: offset, as: Word.self)
        return word
    }

    /// Values with bytes beyond ASCII, and long ones. Allocates only for what is not UTF-8.
    @inline(never)
    private mutating func appendUnusual(_ value: UnsafeRawBufferPointer) {
        let end = Self.characterEdge(in: value, atMost: Self.maximumValueBytes)
        let kept = UnsafeRawBufferPointer(rebasing: value[..<end])
        if end < value.count { cutValues += 1 }
        if let start = kept.baseAddress, Self.isUTF8(kept) {
            memcpy(base + count + 2, start, kept.count)
            appendLength(kept.count)
            return
        }
        // Each bad byte may become three.
        var repaired = String(decoding: kept, as: UTF8.self)
        repaired.withUTF8 { text in
            let text = UnsafeRawBufferPointer(text)
            let end = Self.characterEdge(in: text, atMost: Self.maximumValueBytes)
            if let start = text.baseAddress { memcpy(base + count + 2, start, end) }
            appendLength(end)
        }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { bytes in
            do {
                _ = try UTF8Span(validating: bytes.span)
                return true
            } catch {
                return false
            }
        }
    }

    private static func characterEdge(in bytes: UnsafeRawBufferPointer, atMost limit: Int) -> Int {
        guard bytes.count > limit else { return bytes.count }
        var edge = limit
        while edge > limit - 4, bytes[edge] & 0xc0 == 0x80 { edge -= 1 }
        return bytes[edge] & 0xc0 == 0x80 ? limit : edge
    }

    private mutating func reserve(_ needed: Int) {
        guard count + needed > capacity else { return }
        let larger = max(capacity * 2, count + needed)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
        memcpy(moved, base, count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    /// The values, as texts; `count` is how many there are.
    package func values(count: Int) -> [String] {
        var values: [String] = []
        _ = Self.forEachValue(in: bytes, valueCount: count) { values.append(String(decoding: $1, as: UTF8.self)) }
        return values
    }

    /// Calls `body` with each value of a key; false if the bytes are no key of `valueCount` values.
    static func forEachValue(in key: UnsafeRawBufferPointer, valueCount: Int, _ body: (Int, UnsafeRawBufferPointer) -> Void) -> Bool {
        var offset = 0
        for position in 0..<valueCount {
            guard offset + 2 <= key.count else { return false }
            let length = Int(UInt16(littleEndian: key.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
            offset += 2
            guard offset + length <= key.count else { return false }
            body(position, UnsafeRawBufferPointer(rebasing: key[offset..<offset + length]))
            offset += length
        }
        return offset == key.count
    }
}
