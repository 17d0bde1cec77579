/// Follows all ways at once, unit by unit, each as a thread with boundaries of its own, in the order of their rank (Rob Pike's matcher). No
/// two threads are at the same instruction, so that time for a unit is bounded by the program, and memory does not depend on the line.
final class RegexThreads {
    private let code: RegexCode
    private var current: ThreadList
    private var following: ThreadList
    /// Ways that are still to be followed within one place.
    private var waiting: [Waiting] = []
    private var bounds: [Int]
    private var found: [Int]

    private enum Waiting {
        case instruction(Int)
        case boundary(Int, value: Int)
    }

    /// Instructions in the order of their threads' rank, each once.
    private struct ThreadList {
        var order: [Int] = []
        var isIn: [Bool]
        /// Of each instruction's thread, `boundCount` of them.
        var bounds: [Int]
    }

    init(_ code: RegexCode) {
        self.code = code
        current = ThreadList(
            isIn: [Bool](repeating: false, count: code.count), bounds: [Int](repeating: -1, count: code.count * code.boundCount))
        following = current
        bounds = [Int](repeating: -1, count: code.boundCount)
        found = bounds
    }

    func search(_ line: UnsafeRawBufferPointer, isAnchored: Bool) -> Bool {
        var isFound = false
        clear(&current)
        clear(&following)
        var place = 0
        while true {
            if !isFound, place == 0 || !isAnchored {
                for index in bounds.indices { bounds[index] = -1 }
                add(0, to: &current, line, place)
            }
            if current.order.isEmpty, isFound || isAnchored { break }
            let isAtEnd = place == line.count
            var behind = place
            let unit = isAtEnd ? UInt32.max : RegexCode.unit(line, at: &behind)
            step: for index in current.order {
                let instruction = code.instructions[index]
                switch instruction.operation {
                case .unit:
                    if unit == UInt32(bitPattern: instruction.a) { go(to: index + 1, from: index, line, behind) }
                case .set:
                    if !isAtEnd, code.sets[Int(instruction.a)].contains(unit) { go(to: index + 1, from: index, line, behind) }
                case .loop, .possessiveLoop:
                    if !isAtEnd, code.sets[Int(instruction.a)].contains(unit) { go(to: index, from: index, line, behind) }
                case .match:
                    isFound = true
                    for bound in found.indices { found[bound] = current.bounds[index * code.boundCount + bound] }
                    // Those behind are of lower rank.
                    break step
                case .split, .jump, .save, .assertion: continue
                }
            }
            if isAtEnd { break }
            swap(&current, &following)
            clear(&following)
            place = behind
        }
        for bound in found.indices where isFound { code.bounds[bound] = found[bound] }
        return isFound
    }

    private func clear(_ list: inout ThreadList) {
        for index in list.order { list.isIn[index] = false }
        list.order.removeAll(keepingCapacity: true)
    }

    private func go(to index: Int, from origin: Int, _ line: UnsafeRawBufferPointer, _ place: Int) {
        for bound in bounds.indices { bounds[bound] = current.bounds[origin * code.boundCount + bound] }
        add(index, to: &following, line, place)
    }

    /// Adds threads for all that can be reached from `start` without reading, with ``bounds``.
    private func add(_ start: Int, to list: inout ThreadList, _ line: UnsafeRawBufferPointer, _ place: Int) {
        waiting.append(.instruction(start))
        while let next = waiting.popLast() {
            switch next {
            case .boundary(let bound, let value): bounds[bound] = value
            case .instruction(let index):
                if list.isIn[index] { continue }
                list.isIn[index] = true
                list.order.append(index)
                let instruction = code.instructions[index]
                switch instruction.operation {
                case .jump: waiting.append(.instruction(Int(instruction.a)))
                case .split:
                    waiting.append(.instruction(Int(instruction.b)))
                    waiting.append(.instruction(Int(instruction.a)))
                case .save:
                    waiting.append(.boundary(Int(instruction.a), value: bounds[Int(instruction.a)]))
                    bounds[Int(instruction.a)] = place
                    waiting.append(.instruction(index + 1))
                case .assertion:
                    if RegexCode.holds(instruction.a, in: line, at: place) { waiting.append(.instruction(index + 1)) }
                case .loop, .possessiveLoop:
                    store(index, in: &list)
                    waiting.append(.instruction(index + 1))
                case .unit, .set, .match: store(index, in: &list)
                }
            }
        }
    }

    private func store(_ index: Int, in list: inout ThreadList) {
        for bound in bounds.indices { list.bounds[index * code.boundCount + bound] = bounds[bound] }
    }
}
