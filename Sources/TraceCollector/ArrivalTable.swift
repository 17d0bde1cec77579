/// Values by key, in the order in which their keys came. Adding, finding and removing take the same time however many there are.
struct ArrivalTable<Key: Hashable, Value> {
    private struct Slot {
        var key: Key
        /// nil: free.
        var value: Value?
        var previous: Int32
        var next: Int32
    }

    private var slots: [Slot] = []
    private var positions: [Key: Int32] = [:]
    private var first: Int32 = -1
    private var last: Int32 = -1
    private var firstFree: Int32 = -1

    var count: Int { positions.count }
    var isEmpty: Bool { positions.isEmpty }

    /// A number that stands for the key until it is removed.
    func position(of key: Key) -> Int? { positions[key].map(Int.init) }

    /// The key must not be there yet. Gives its position.
    @discardableResult
    mutating func append(_ value: Value, for key: Key) -> Int {
        let slot = Slot(key: key, value: value, previous: last, next: -1)
        let position: Int32
        if firstFree >= 0 {
            position = firstFree
            firstFree = slots[Int(position)].next
            slots[Int(position)] = slot
        } else {
            position = Int32(slots.count)
            slots.append(slot)
        }
        if last >= 0 { slots[Int(last)].next = position } else { first = position }
        last = position
        positions[key] = position
        return Int(position)
    }

    mutating func update<Result>(at position: Int, _ body: (inout Value) -> Result) -> Result {
        guard var value = slots[position].value.take() else { preconditionFailure("the position is that of a value") }
        defer { slots[position].value = value }
        return body(&value)
    }

    mutating func updateAll(_ body: (inout Value) -> Void) {
        for position in positions.values { update(at: Int(position), body) }
    }

    func value(at position: Int) -> Value? { slots[position].value }

    subscript(key: Key) -> Value? { positions[key].flatMap { slots[Int($0)].value } }

    /// The oldest that is there.
    var oldest: (key: Key, value: Value)? {
        guard first >= 0, let value = slots[Int(first)].value else { return nil }
        return (slots[Int(first)].key, value)
    }

    @discardableResult
    mutating func remove(_ key: Key) -> Value? {
        guard let position = positions.removeValue(forKey: key) else { return nil }
        let slot = slots[Int(position)]
        if slot.previous >= 0 { slots[Int(slot.previous)].next = slot.next } else { first = slot.next }
        if slot.next >= 0 { slots[Int(slot.next)].previous = slot.previous } else { last = slot.previous }
        slots[Int(position)].value = nil
        slots[Int(position)].next = firstFree
        firstFree = position
        return slot.value
    }
}
