#if arch(x86_64)
    import EscapeShuffling
    // The compiler's own.
    import _Builtin_intrinsics.intel.cpuid
#endif

/// Writes any bytes as the inside of a JSON string, without the quotes around it (RFC 8259 §7).
///
/// `"`, `\` and bytes below 0x20 are escaped (`\n \r \t \b \f`, else `\u00XX`); other ASCII and valid UTF-8 are copied; what is
/// no UTF-8 is replaced by U+FFFD just as `String(decoding:as: UTF8.self)` does it.
package enum JSONStringEscaping {
    /// How far an escape run came.
    package struct Progress: Equatable, Sendable {
        /// Bytes taken from the source: less than all if the destination is too full for the next character.
        package var consumed: Int
        /// Bytes written to the destination.
        package var written: Int
        /// U+FFFD written in place of bytes that are no UTF-8.
        package var replaced: Int
    }

    /// The most bytes that one byte of source can become.
    @inlinable package static var maximumExpansion: Int { 6 }

    /// Escapes as much of `source` as fits. It ends between two characters; go on with the rest in a larger destination.
    /// `source` must not end within a character that continues elsewhere: the half would be replaced. Bytes of `destination`
    /// behind what was written may have been overwritten.
    package static func escape(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) -> Progress {
        escape(source, into: destination, byWords: false)
    }

    /// The same as on a processor that can't shuffle bytes.
    package static func escapeByWords(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) -> Progress {
        escape(source, into: destination, byWords: true)
    }

    @inline(__always)
    private static func escape(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, byWords: Bool
    ) -> Progress {
        guard let sourceBase = source.baseAddress, let destinationBase = destination.baseAddress else {
            return Progress(consumed: 0, written: 0, replaced: 0)
        }
        return cells.withUnsafeBufferPointer { cells in
            guard let table = cells.baseAddress else { return Progress(consumed: 0, written: 0, replaced: 0) }
            var run = Run(
                p: sourceBase, end: sourceBase + source.count, out: destinationBase, outEnd: destinationBase + destination.count,
                table: table)
            if byWords { run.escapeWords() } else { run.escapeBlocks() }
            run.escapeShortRest(of: source.count)
            run.escapeRest()
            return Progress(consumed: run.p - sourceBase, written: run.out - destinationBase, replaced: run.replaced)
        }
    }

    /// Copies text of at least eight bytes of which none needs an escape and all are ASCII; false for other text, of which some bytes may
    /// have been copied.
    @inline(__always)
    package static func copyPlain(from source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, count: Int) -> Bool {
        guard count >= 8 else { return false }
        var others: UInt64 = 0
        var offset = 0
        // The last word is what is left, with what precedes it.
        while true {
            let word = ByteWord.load(source + offset)
            target.storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
            others |= ByteWord.stringStops(word) | (word & ByteWord.highBits)
            if offset == count &- 8 { return others == 0 }
            offset = min(offset &+ 8, count &- 8)
        }
    }

    /// Appends all of `source`, escaped, and gives the number of replacements.
    @discardableResult
    package static func append(_ source: UnsafeRawBufferPointer, to bytes: inout [UInt8]) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { buffer in
            var rest = source
            var replaced = 0
            while !rest.isEmpty {
                let progress = escape(rest, into: buffer)
                bytes.append(contentsOf: buffer[..<progress.written])
                rest = UnsafeRawBufferPointer(rebasing: rest[progress.consumed...])
                replaced += progress.replaced
            }
            return replaced
        }
    }

    #if arch(x86_64)
        /// nil where the processor can't shuffle bytes.
        fileprivate static let shuffling: EscapeShuffling? = {
            var (a, b, c, d) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0))
            let needed: UInt32 = 1 << 9 | 1 << 23
            return __get_cpuid(1, &a, &b, &c, &d) != 0 && c & needed == needed ? EscapeShuffling() : nil
        }()
    #endif

    /// What each ASCII byte becomes: up to six bytes from the lowest on, and their number in the highest byte. To store all
    /// eight and step by the number takes no branch, so that the quotes of logged JSON cost no mispredictions.
    private static let cells: [UInt64] = (0..<128).map { (byte: UInt64) -> UInt64 in
        func cell(_ bytes: [UInt8]) -> UInt64 {
            bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } | UInt64(bytes.count) << 56
        }
        let backslash = UInt8(ascii: "\\")
        switch byte {
        case 0x22: return cell([backslash, UInt8(ascii: "\"")])
        case 0x5C: return cell([backslash, backslash])
        case 0x0A: return cell([backslash, UInt8(ascii: "n")])
        case 0x0D: return cell([backslash, UInt8(ascii: "r")])
        case 0x09: return cell([backslash, UInt8(ascii: "t")])
        case 0x08: return cell([backslash, UInt8(ascii: "b")])
        case 0x0C: return cell([backslash, UInt8(ascii: "f")])
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            return cell(Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
        default: return cell([UInt8(byte)])
        }
    }
}

/// Both ends of an escape run under way.
private struct Run {
    var p: UnsafeRawPointer
    let end: UnsafeRawPointer
    var out: UnsafeMutableRawPointer
    let outEnd: UnsafeMutableRawPointer
    let table: UnsafePointer<UInt64>
    var replaced = 0

    /// Eight times the longest escape and one cell's overhang.
    private static let wordRoom = 8 * JSONStringEscaping.maximumExpansion + 8

    /// Sixteen bytes at a time while they are ASCII, if the processor helps, and else eight.
    @inline(__always)
    mutating func escapeBlocks() {
        #if arch(x86_64)
            if end - p >= 16, let shuffling = JSONStringEscaping.shuffling {
                repeat {
                    let progress = shuffling.escape(p, count: end - p, into: out, room: outEnd - out)
                    p += progress.consumed
                    out += progress.written
                    // To where the next sixteen may be ASCII again.
                    escapeWords(atMost: 2)
                } while end - p >= 16 && outEnd - out >= Self.wordRoom
            }
        #endif
        escapeWords()
    }

    /// Eight bytes at a time, while ``wordRoom`` is there.
    @inline(__always)
    mutating func escapeWords(atMost limit: Int = .max) {
        var words = limit
        while words > 0, end - p >= 8, outEnd - out >= Self.wordRoom {
            words &-= 1
            let word = ByteWord.load(p)
            let nonASCII = word & ByteWord.highBits
            if nonASCII == 0 {
                let (stops, controls) = ByteWord.escapeStops(ofASCII: word)
                if controls == 0 { writeWord(word, stops) } else { writeCells(word) }
                p += 8
                continue
            }
            var ascii = ByteWord.index(ofLowest: nonASCII)
            p += ascii
            var rest = word
            while ascii > 0 {
                writeCell(rest)
                rest = rest &>> 8
                ascii &-= 1
            }
            repeat { writeSequence() } while end - p > 0 && p.load(as: UInt8.self) >= 0x80 && outEnd - out >= 4
        }
    }

    /// The last one to seven bytes at once, if they are ASCII without control bytes and come from at least eight: the word that ends
    /// with them has them on top, and the bytes below go.
    @inline(__always)
    mutating func escapeShortRest(of count: Int) {
        let rest = end - p
        guard rest > 0, rest < 8, count >= 8, outEnd - out >= 24 else { return }
        let surplus = UInt64(truncatingIfNeeded: 8 &* (8 &- rest))
        // Zero bytes above the rest would pass for control bytes.
        let word = ByteWord.load(end - 8) &>> surplus | (ByteWord.blanks &<< (64 &- surplus))
        guard word & ByteWord.highBits == 0 else { return }
        let (stops, controls) = ByteWord.escapeStops(ofASCII: word)
        guard controls == 0 else { return }
        writeWord(word, stops)
        // What stands above the rest is blanks, one byte each.
        out -= 8 &- rest
        p = end
    }

    /// Character by character, each only if it fits to the byte.
    @inline(__always)
    mutating func escapeRest() {
        while p < end {
            let byte = p.load(as: UInt8.self)
            if byte < 0x80 {
                let cell = table[Int(byte)]
                let count = Int(cell &>> 56)
                guard outEnd - out >= count else { return }
                for index in 0..<count {
                    out.storeBytes(of: UInt8(truncatingIfNeeded: cell &>> UInt64(index &* 8)), toByteOffset: index, as: UInt8.self)
                }
                out += count
                p += 1
            } else {
                let sequence = UTF8Sequence(p, available: end - p)
                guard outEnd - out >= (sequence.isValid ? sequence.count : 3) else { return }
                writeSequence()
            }
        }
    }

    /// Writes eight bytes of ASCII with a backslash before each that is marked in `stops`: what stands behind a mark is written
    /// again, one byte further on.
    @inline(__always)
    private mutating func writeWord(_ word: UInt64, _ stops: UInt64) {
        out.storeBytes(of: word.littleEndian, as: UInt64.self)
        var rest = stops
        while rest != 0 {
            let index = ByteWord.index(ofLowest: rest)
            out.storeBytes(of: UInt8(ascii: "\\"), toByteOffset: index, as: UInt8.self)
            out.storeBytes(of: (word &>> UInt64(truncatingIfNeeded: 8 &* index)).littleEndian, toByteOffset: index &+ 1, as: UInt64.self)
            out += 1
            rest &= rest &- 1
        }
        out += 8
    }

    @inline(__always)
    private mutating func writeCells(_ word: UInt64) {
        writeCell(word)
        writeCell(word &>> 8)
        writeCell(word &>> 16)
        writeCell(word &>> 24)
        writeCell(word &>> 32)
        writeCell(word &>> 40)
        writeCell(word &>> 48)
        writeCell(word &>> 56)
    }

    /// Of the lowest byte, which is ASCII.
    @inline(__always)
    private mutating func writeCell(_ word: UInt64) {
        let cell = table[Int(truncatingIfNeeded: word & 0xFF)]
        out.storeBytes(of: cell.littleEndian, as: UInt64.self)
        out += Int(truncatingIfNeeded: cell &>> 56)
    }

    /// One character that is not ASCII, or its replacement: at most four bytes.
    @inline(__always)
    private mutating func writeSequence() {
        let sequence = UTF8Sequence(p, available: end - p)
        if sequence.isValid {
            if end - p >= 4, outEnd - out >= 4 {
                out.storeBytes(of: p.loadUnaligned(as: UInt32.self), as: UInt32.self)
            } else {
                out.copyMemory(from: p, byteCount: sequence.count)
            }
            out += sequence.count
        } else {
            out.storeBytes(of: 0xEF, as: UInt8.self)
            out.storeBytes(of: 0xBF, toByteOffset: 1, as: UInt8.self)
            out.storeBytes(of: 0xBD, toByteOffset: 2, as: UInt8.self)
            out += 3
            replaced &+= 1
        }
        p += sequence.count
    }
}
