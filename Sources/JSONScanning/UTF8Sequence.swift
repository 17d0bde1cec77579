/// The bytes of one character of UTF-8 (Unicode 15 §3.9, table 3-7), or of what is to be replaced by one U+FFFD.
package struct UTF8Sequence {
    /// 1…4.
    package let count: Int
    package let isValid: Bool

    /// Looks at the sequence at the start of `available` (at least one) bytes. What is invalid is as long as its "maximal
    /// subpart": the longest start of a valid sequence, or one byte. That is also how `String(decoding:as:)` replaces it.
    @inline(__always)
    package init(_ p: UnsafeRawPointer, available: Int) {
        let lead = p.load(as: UInt8.self)
        if lead < 0x80 {
            self.init(count: 1, isValid: true)
            return
        }
        let wanted: Int
        // The range of the second byte; later ones are 80…BF.
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch lead {
        case 0xC2...0xDF: wanted = 2
        case 0xE0...0xEF:
            wanted = 3
            if lead == 0xE0 { low = 0xA0 }
            if lead == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            wanted = 4
            if lead == 0xF0 { low = 0x90 }
            if lead == 0xF4 { high = 0x8F }
        default:
            self.init(count: 1, isValid: false)
            return
        }
        var count = 1
        while count < wanted, count < available {
            let byte = p.load(fromByteOffset: count, as: UInt8.self)
            guard byte >= low, byte <= high else { break }
            low = 0x80
            high = 0xBF
            count &+= 1
        }
        self.init(count: count, isValid: count == wanted)
    }

    @inline(__always)
    private init(count: Int, isValid: Bool) {
        self.count = count
        self.isValid = isValid
    }
}
