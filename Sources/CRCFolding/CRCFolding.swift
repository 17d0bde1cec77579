import Swift

#if arch(x86_64)
    /// What a reduction by 512 bits and by 128 bits multiplies the two halves of a vector by.
    package struct FoldingKeys: Sendable {
        package let far: SIMD2<UInt64>
        package let near: SIMD2<UInt64>

        package init(far: SIMD2<UInt64>, near: SIMD2<UInt64>) {
            self.far = far
            self.near = near
        }
    }

    /// Shortens what a CRC is calculated of, with the carry-less multiplication of x86 (`pclmulqdq`): 64 bytes a step.
    ///
    /// This module is compiled with `-parse-stdlib` and for processors that have the instruction, which Swift has no other name for:
    /// nothing else may stand in it, and whoever calls it has asked the processor.
    package enum CRCFolding {
        /// The 16 bytes whose CRC, begun with 0, is that of `count` bytes, begun with `state`. `count` is a multiple of 16, at least 64.
        package static func folded(
            _ bytes: UnsafeRawPointer, count: Int, state: UInt32, keys: FoldingKeys
        ) -> SIMD2<UInt64> {
            var place = bytes
            var first = load(place, 0) ^ SIMD2(UInt64(state), 0)
            var second = load(place, 16)
            var third = load(place, 32)
            var fourth = load(place, 48)
            var rest = count &- 64
            place += 64
            while rest >= 64 {
                first = fold(first, keys.far) ^ load(place, 0)
                second = fold(second, keys.far) ^ load(place, 16)
                third = fold(third, keys.far) ^ load(place, 32)
                fourth = fold(fourth, keys.far) ^ load(place, 48)
                place += 64
                rest = rest &- 64
            }
            first = fold(first, keys.near) ^ second
            first = fold(first, keys.near) ^ third
            first = fold(first, keys.near) ^ fourth
            while rest >= 16 {
                first = fold(first, keys.near) ^ load(place, 0)
                place += 16
                rest = rest &- 16
            }
            return first
        }

        @inline(__always)
        private static func load(_ bytes: UnsafeRawPointer, _ offset: Int) -> SIMD2<UInt64> {
            bytes.loadUnaligned(fromByteOffset: offset, as: SIMD2<UInt64>.self)
        }

        /// Each half times its key.
        @inline(__always)
        private static func fold(_ value: SIMD2<UInt64>, _ keys: SIMD2<UInt64>) -> SIMD2<UInt64> {
            var low = SIMD2<UInt64>()
            var high = SIMD2<UInt64>()
            low._storage._value = Builtin.int_x86_pclmulqdq(value._storage._value, keys._storage._value, UInt8(0x00)._value)
            high._storage._value = Builtin.int_x86_pclmulqdq(value._storage._value, keys._storage._value, UInt8(0x11)._value)
            return low ^ high
        }
    }
#endif
