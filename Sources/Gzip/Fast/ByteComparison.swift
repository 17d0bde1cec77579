#if arch(x86_64)
    // The compiler's own; SSE2 is part of every x86-64.
    import _Builtin_intrinsics.intel.sse2
#endif

/// Which of 64 bytes equal others, as the bits of one word: the first byte is the lowest bit.
enum ByteComparison {
    @inline(__always)
    static func equality(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> UInt64 {
        #if arch(x86_64)
            return sixteen(one, other) | sixteen(one + 16, other + 16) &<< 16 | sixteen(one + 32, other + 32) &<< 32
                | sixteen(one + 48, other + 48) &<< 48
        #else
            return equalityByWords(one, other)
        #endif
    }

    /// The same without vectors.
    static func equalityByWords(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> UInt64 {
        var equal: UInt64 = 0
        for index in 0..<8 {
            let place = index &* 8
            let difference = UInt64(
                littleEndian: one.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                    ^ other.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let lowBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
            // The high bit of each byte that is 0, exactly; then a product gathers the eight of them in its top byte.
            let marks = ~(((difference & lowBits) &+ lowBits) | difference | lowBits)
            equal |= (((marks &>> 7) &* 0x0102_0408_1020_4080) &>> 56) &<< UInt64(place)
        }
        return equal
    }

    /// Where in `equality` the first six equal bytes in a row begin; 64 if there are none.
    @inline(__always)
    static func firstSix(of equality: UInt64) -> Int {
        let twos = equality & (equality &>> 1)
        return (twos & (twos &>> 2) & (twos &>> 4)).trailingZeroBitCount
    }

    #if arch(x86_64)
        @inline(__always)
        private static func sixteen(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> UInt64 {
            let equal = _mm_cmpeq_epi8(one.loadUnaligned(as: SIMD2<Int64>.self), other.loadUnaligned(as: SIMD2<Int64>.self))
            return UInt64(UInt32(bitPattern: _mm_movemask_epi8(equal)))
        }
    #endif
}
