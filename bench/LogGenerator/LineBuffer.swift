import Glibc

/// Text that stands at one address as long as the program runs, ready to be copied.
struct Fragment {
    let start: UnsafeRawPointer
    let count: Int

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let copy = UnsafeMutableRawPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyMemory(from: bytes, byteCount: bytes.count)
        start = UnsafeRawPointer(copy)
        count = bytes.count
    }
}

/// Where lines are put together: one allocation, raw stores. The caller leaves room for a line before it appends one.
struct LineBuffer: ~Copyable {
    /// No line of ``EventStream`` is longer.
    static let maximumLineBytes = 32 << 10

    private let start: UnsafeMutableRawPointer
    let capacity: Int
    private(set) var count = 0

    /// Two hexadecimal digits for each byte value.
    private let hexadecimalPairs: UnsafeMutablePointer<UInt16>
    /// Two decimal digits for each number below 100.
    private let decimalPairs: UnsafeMutablePointer<UInt16>

    init(capacity: Int) {
        self.capacity = capacity
        start = .allocate(byteCount: capacity, alignment: 64)
        let digits = Array("0123456789abcdef".utf8).map(UInt16.init)
        hexadecimalPairs = .allocate(capacity: 256)
        for value in 0..<256 { hexadecimalPairs[value] = digits[value >> 4] | digits[value & 15] << 8 }
        decimalPairs = .allocate(capacity: 100)
        for value in 0..<100 { decimalPairs[value] = digits[value / 10] | digits[value % 10] << 8 }
    }

    deinit {
        start.deallocate()
        hexadecimalPairs.deallocate()
        decimalPairs.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    mutating func removeAll() {
        count = 0
    }

    mutating func append(_ fragment: Fragment) {
        precondition(count + fragment.count <= capacity, "a line is longer than LineBuffer.maximumLineBytes")
        memcpy(start + count, fragment.start, fragment.count)
        count += fragment.count
    }

    /// 16 digits.
    mutating func appendHexadecimal(_ value: UInt64) {
        var rest = value
        for position in stride(from: count + 14, through: count, by: -2) {
            start.storeBytes(of: hexadecimalPairs[Int(rest & 0xFF)], toByteOffset: position, as: UInt16.self)
            rest >>= 8
        }
        count += 16
    }

    mutating func appendDecimal(_ value: Int) {
        var digits = 1
        var bound = 10
        while value >= bound {
            digits += 1
            bound *= 10
        }
        var rest = value
        var position = count + digits
        while position - count >= 2 {
            position -= 2
            start.storeBytes(of: decimalPairs[rest % 100], toByteOffset: position, as: UInt16.self)
            rest /= 100
        }
        if position > count { start.storeBytes(of: UInt8(truncatingIfNeeded: 48 + rest), toByteOffset: count, as: UInt8.self) }
        count += digits
    }

    /// Thousandths as a number with three decimals: 12345 is `12.345`.
    mutating func appendThousandths(_ value: Int) {
        appendDecimal(value / 1000)
        appendByte(UInt8(ascii: "."))
        let rest = value % 1000
        appendByte(UInt8(truncatingIfNeeded: 48 + rest / 100))
        start.storeBytes(of: decimalPairs[rest % 100], toByteOffset: count, as: UInt16.self)
        count += 2
    }

    /// Two digits for each of the numbers below 100, after one another.
    mutating func appendPair(_ value: Int) {
        start.storeBytes(of: decimalPairs[value], toByteOffset: count, as: UInt16.self)
        count += 2
    }

    mutating func appendByte(_ byte: UInt8) {
        start.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }
}
