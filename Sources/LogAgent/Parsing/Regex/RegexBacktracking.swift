import Glibc

/// Tries one way after the other, in the order of their rank, and goes back where one fails. What branches does so once for each place of
/// the line: a bit says that it has been there, and that nothing came of it. That makes time and memory bounded.
final class RegexBacktracking {
    enum Outcome { case found, notFound, tooMuch }

    /// For the bits; a longer line, or a larger program, is too much.
    static let maximumVisitedBytes = 256 << 10
    /// Of ways that are still to be tried, and boundaries to be put back.
    static let maximumWaiting = 16_384

    private let code: RegexCode
    private var visited: UnsafeMutablePointer<UInt64>
    private var visitedCapacity = 64
    private var waiting: UnsafeMutablePointer<Waiting>
    private var waitingCapacity = 64
    private var waitingCount = 0
    /// Bits for each branching instruction.
    private var stride = 0
    private var isTooMuch = false

    private struct Waiting {
        /// The instruction; or, for a boundary to be put back, its number under zero, so that −1 is the first.
        var target: Int
        var place: Int
    }

    init(_ code: RegexCode) {
        self.code = code
        visited = .allocate(capacity: visitedCapacity)
        waiting = .allocate(capacity: waitingCapacity)
    }

    deinit {
        visited.deallocate()
        waiting.deallocate()
    }

    func search(_ line: UnsafeRawBufferPointer, prefix: [UInt8], isAnchored: Bool) -> Outcome {
        stride = line.count + 1
        let words = (stride * code.branchCount + 63) / 64
        guard words * 8 <= Self.maximumVisitedBytes else { return .tooMuch }
        if words > visitedCapacity {
            visited.deallocate()
            visitedCapacity = max(words, min(visitedCapacity * 2, Self.maximumVisitedBytes / 8))
            visited = .allocate(capacity: visitedCapacity)
        }
        visited.update(repeating: 0, count: words)
        isTooMuch = false

        var start = 0
        while true {
            if !prefix.isEmpty {
                guard let found = RegexMatcher.find(prefix, in: line, from: start) else { return .notFound }
                start = found
            } else if let starts = code.starts, !isAnchored {
                // Before a byte of ASCII, and before the first that is none, a character begins.
                while start < line.count, !starts[Int(line[start])] { start &+= 1 }
                if start == line.count { return .notFound }
            }
            if isAnchored && start > 0 { return .notFound }
            if matches(line, from: start) { return .found }
            if isTooMuch { return .tooMuch }
            guard start < line.count else { return .notFound }
            _ = RegexCode.unit(line, at: &start)
        }
    }

    /// Whether there is a match that starts at `start`.
    private func matches(_ line: UnsafeRawBufferPointer, from start: Int) -> Bool {
        code.bounds.update(repeating: -1, count: code.boundCount)
        waitingCount = 0
        var index = 0
        var place = start
        while true {
            if advance(line, &index, &place) { return true }
            // Back to the way that was left last.
            while true {
                if waitingCount == 0 || isTooMuch { return false }
                waitingCount -= 1
                let way = waiting[waitingCount]
                if way.target >= 0 {
                    index = way.target
                    place = way.place
                    break
                }
                code.bounds[-1 - way.target] = way.place
            }
        }
    }

    /// Follows one way as far as it goes: true at a match.
    @inline(__always)
    private func advance(_ line: UnsafeRawBufferPointer, _ index: inout Int, _ place: inout Int) -> Bool {
        while true {
            let instruction = code.instructions[index]
            switch instruction.operation {
            case .unit:
                guard place < line.count, RegexCode.unit(line, at: &place) == UInt32(bitPattern: instruction.a) else { return false }
                index += 1
            case .set:
                guard place < line.count, code.sets[Int(instruction.a)].contains(RegexCode.unit(line, at: &place)) else { return false }
                index += 1
            case .possessiveLoop:
                guard !isVisited(index, place) else { return false }
                let end = endOfRun(line, code.sets[Int(instruction.a)], from: place)
                // From every place in between it would come to the same end.
                markVisited(index, place...end)
                place = end
                index += 1
            case .loop:
                guard visit(index, place) else { return false }
                var following = place
                if place < line.count, code.sets[Int(instruction.a)].contains(RegexCode.unit(line, at: &following)) {
                    guard leave(Waiting(target: index + 1, place: place)) else { return false }
                    place = following
                } else {
                    index += 1
                }
            case .split:
                guard visit(index, place), leave(Waiting(target: Int(instruction.b), place: place)) else { return false }
                index = Int(instruction.a)
            case .jump:
                index = Int(instruction.a)
            case .save:
                let bound = Int(instruction.a)
                if waitingCount > 0 {
                    guard leave(Waiting(target: -1 - bound, place: code.bounds[bound])) else { return false }
                }
                code.bounds[bound] = place
                index += 1
            case .assertion:
                guard RegexCode.holds(instruction.a, in: line, at: place) else { return false }
                index += 1
            case .match:
                return true
            }
        }
    }

    @inline(__always)
    private func endOfRun(_ line: UnsafeRawBufferPointer, _ set: borrowing RegexCode.Set, from start: Int) -> Int {
        guard let base = line.baseAddress, start < line.count else { return start }
        if set.excludedByte != 0xFF {
            return memchr(base + start, Int32(set.excludedByte), line.count - start).map { UnsafeRawPointer($0) - base } ?? line.count
        }
        var place = start
        while place < line.count {
            var following = place
            guard set.contains(RegexCode.unit(line, at: &following)) else { break }
            place = following
        }
        return place
    }

    @inline(__always)
    private func leave(_ way: Waiting) -> Bool {
        if waitingCount == waitingCapacity, !growWaiting() { return false }
        waiting[waitingCount] = way
        waitingCount &+= 1
        return true
    }

    @inline(never)
    private func growWaiting() -> Bool {
        guard waitingCapacity < Self.maximumWaiting else {
            isTooMuch = true
            return false
        }
        let larger = UnsafeMutablePointer<Waiting>.allocate(capacity: waitingCapacity * 2)
        larger.update(from: waiting, count: waitingCount)
        waiting.deallocate()
        waiting = larger
        waitingCapacity *= 2
        return true
    }

    /// False if it has been there.
    @inline(__always)
    private func visit(_ index: Int, _ place: Int) -> Bool {
        let bit = code.branchNumbers[index] &* stride &+ place
        let mask: UInt64 = 1 &<< UInt64(bit & 63)
        if visited[bit &>> 6] & mask != 0 { return false }
        visited[bit &>> 6] |= mask
        return true
    }

    private func isVisited(_ index: Int, _ place: Int) -> Bool {
        let bit = code.branchNumbers[index] &* stride &+ place
        return visited[bit &>> 6] &>> UInt64(bit & 63) & 1 != 0
    }

    private func markVisited(_ index: Int, _ places: ClosedRange<Int>) {
        let first = code.branchNumbers[index] * stride + places.lowerBound
        let last = code.branchNumbers[index] * stride + places.upperBound
        let firstMask = ~UInt64(0) << UInt64(first & 63)
        let lastMask = ~UInt64(0) >> UInt64(63 - last & 63)
        if first >> 6 == last >> 6 {
            visited[first >> 6] |= firstMask & lastMask
            return
        }
        visited[first >> 6] |= firstMask
        for word in (first >> 6 + 1)..<(last >> 6) { visited[word] = ~0 }
        visited[last >> 6] |= lastMask
    }
}
