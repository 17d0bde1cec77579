/// Packs bits, the first in the lowest place (RFC 1951 §3.1.1), into a buffer that is emptied into an array.
struct BitWriter {
    /// Room of the buffer. Whoever writes more than a few bytes asks ``flush(into:keeping:)`` for room first.
    static let capacity = 16 << 10

    /// That fit into one ``write(_:_:)``.
    static let mostBits = 56

    private let buffer: UnsafeMutableRawPointer
    private var byteCount = 0
    /// Fewer than 8 bits are left here between two writes.
    private var pending: UInt64 = 0
    private var pendingCount = 0

    init() {
        buffer = .allocate(byteCount: Self.capacity + 8, alignment: 8)
    }

    func deallocate() {
        buffer.deallocate()
    }

    mutating func clear() {
        byteCount = 0
        pending = 0
        pendingCount = 0
    }

    /// Adds the low `count` bits of `bits`, at most ``mostBits``, the others being 0.
    @inline(__always)
    mutating func write(_ bits: UInt64, _ count: Int) {
        pending |= bits &<< UInt64(truncatingIfNeeded: pendingCount)
        pendingCount &+= count
        buffer.storeBytes(of: pending.littleEndian, toByteOffset: byteCount, as: UInt64.self)
        byteCount &+= pendingCount &>> 3
        pending &>>= UInt64(truncatingIfNeeded: pendingCount & ~7)
        pendingCount &= 7
    }

    /// Fills the last byte up with zeros.
    mutating func alignToByte() {
        write(0, (8 - pendingCount) & 7)
    }

    /// Moves the whole bytes to `output` unless there is room for `needed` more.
    @inline(__always)
    mutating func makeRoom(for needed: Int, into output: inout [UInt8]) {
        if byteCount + needed > Self.capacity { flush(into: &output) }
    }

    mutating func flush(into output: inout [UInt8]) {
        output.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: byteCount))
        byteCount = 0
    }
}
