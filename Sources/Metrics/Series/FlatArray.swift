/// Plain values in one piece of memory that it owns and grows: what the hot path of a family reads and writes.
///
/// Unlike Array it has no reference count and no uniqueness check, and a copy of it is always one `memcpy` that is asked for.
/// Indices are checked in debug builds only: each comes from ``MetricFamily``'s own slot numbers.
struct FlatArray<Element: BitwiseCopyable>: ~Copyable {
    private(set) var base: UnsafeMutablePointer<Element>
    private(set) var count: Int
    private var capacity: Int

    init() {
        base = UnsafeMutablePointer<Element>.allocate(capacity: 1)
        count = 0
        capacity = 1
    }

    deinit { base.deallocate() }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(index >= 0 && index < count, "a slot that does not exist")
            return base[index]
        }
        @inline(__always) nonmutating set {
            assert(index >= 0 && index < count, "a slot that does not exist")
            base[index] = newValue
        }
    }

    mutating func append(repeating value: Element, count added: Int) {
        if count + added > capacity {
            let larger = max(count + added, capacity * 2)
            let moved = UnsafeMutablePointer<Element>.allocate(capacity: larger)
            moved.update(from: base, count: count)
            base.deallocate()
            base = moved
            capacity = larger
        }
        (base + count).update(repeating: value, count: added)
        count += added
    }

    /// Makes `array` equal to this, in the memory that it has.
    func copy(into array: inout [Element]) {
        array.removeAll(keepingCapacity: true)
        array.append(contentsOf: UnsafeBufferPointer(start: base, count: count))
    }
}
