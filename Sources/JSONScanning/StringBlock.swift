#if arch(x86_64)
    // The compiler's own; SSE2 is part of every x86-64.
    import _Builtin_intrinsics.intel.sse2
#endif

/// As many bytes of a JSON string as are looked at in one step.
enum StringBlock {
    #if arch(x86_64)
        static let count = 16

        /// The index of the first quote, backslash or control byte; ``count`` if there is none.
        @inline(__always)
        static func firstStop(_ place: UnsafeRawPointer) -> Int {
            let bytes = place.loadUnaligned(as: SIMD2<Int64>.self)
            let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x22))
            let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x5C))
            let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes)
            let stops = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls))
            return (stops | 1 &<< 16).trailingZeroBitCount
        }
    #else
        static let count = 8

        /// The index of the first quote, backslash or control byte; ``count`` if there is none.
        @inline(__always)
        static func firstStop(_ place: UnsafeRawPointer) -> Int { ByteWord.stringStops(ByteWord.load(place)).trailingZeroBitCount &>> 3 }
    #endif
}
