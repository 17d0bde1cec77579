import Glibc

/// Writes one exposition: families one after the other, then the end that the format wants.
///
/// Short pieces are gathered in a fixed scratch buffer, so that the output grows by large ones and is never larger than its text.
package struct ExpositionWriter: ~Copyable {
    package let format: ExpositionFormat
    private var output: [UInt8]
    private let scratch: UnsafeMutableRawPointer
    private var used = 0
    private static let scratchBytes = 32768

    /// `buffer` lends its memory; what is in it goes.
    package init(format: ExpositionFormat, reusing buffer: consuming [UInt8] = []) {
        self.format = format
        output = buffer
        output.removeAll(keepingCapacity: true)
        scratch = UnsafeMutableRawPointer.allocate(byteCount: Self.scratchBytes, alignment: 16)
    }

    deinit { scratch.deallocate() }

    /// The whole text. The writer is empty afterwards.
    package mutating func finish() -> [UInt8] {
        if format == .openMetrics { write("# EOF\n") }
        flush()
        var result: [UInt8] = []
        swap(&result, &output)
        return result
    }

    // MARK: Pieces

    @inline(__always)
    mutating func write(_ bytes: UnsafeRawBufferPointer) {
        let count = bytes.count
        guard let base = bytes.baseAddress else { return }
        if count > Self.scratchBytes - used {
            flush()
            if count > Self.scratchBytes {
                output.append(contentsOf: bytes)
                return
            }
        }
        memcpy(scratch + used, base, count)
        used += count
    }

    @inline(__always)
    mutating func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { write($0) }
    }

    @inline(__always)
    mutating func write(_ byte: UInt8) {
        if used == Self.scratchBytes { flush() }
        scratch.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used += 1
    }

    mutating func write(_ text: StaticString) {
        write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func flush() {
        output.append(contentsOf: UnsafeRawBufferPointer(start: scratch, count: used))
        used = 0
    }

    // MARK: Numbers

    /// The shortest text that reads back as the same double; whole numbers below 2^53 without point or exponent.
    mutating func write(_ value: Double) {
        if value.magnitude < 9_007_199_254_740_992, value == value.rounded(.towardZero) {
            if value < 0 { write(UInt8(ascii: "-")) }
            write(UInt64(value.magnitude))
        } else if value.isFinite {
            var text = value.description
            text.withUTF8 { write(UnsafeRawBufferPointer($0)) }
        } else if value.isNaN {
            write("NaN")
        } else {
            write(value < 0 ? "-Inf" : "+Inf")
        }
    }

    @inline(__always)
    mutating func write(_ value: UInt64) {
        write(value, minimumDigits: 1)
    }

    @inline(__always)
    private mutating func write(_ value: UInt64, minimumDigits: Int) {
        if used + 20 > Self.scratchBytes { flush() }
        var digits = 1
        var bound: UInt64 = 10
        while digits < 20, value >= bound {
            digits += 1
            let (next, overflowed) = bound.multipliedReportingOverflow(by: 10)
            if overflowed { digits = value >= bound ? 20 : 19; break }
            bound = next
        }
        digits = max(digits, minimumDigits)
        var rest = value
        var place = used + digits
        while place > used {
            place -= 1
            let quotient = rest / 10
            scratch.storeBytes(
                of: UInt8(truncatingIfNeeded: rest &- quotient &* 10) + UInt8(ascii: "0"), toByteOffset: place, as: UInt8.self)
            rest = quotient
        }
        used += digits
    }

    /// A time as seconds with three decimals and no exponent.
    mutating func writeSeconds(milliseconds: UInt64) {
        write(milliseconds / 1000)
        write(UInt8(ascii: "."))
        write(milliseconds % 1000, minimumDigits: 3)
    }
}
