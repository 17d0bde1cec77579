import Testing

@testable import Profiling

/// Memory that looks like a stack: each frame is two words, the caller's frame and the return address.
private final class FakeStack {
    let words: UnsafeMutablePointer<UInt>
    let count: Int

    init(words count: Int) {
        self.count = count
        words = .allocate(capacity: count)
        words.initialize(repeating: 0, count: count)
    }

    deinit { words.deallocate() }

    func address(_ word: Int) -> UInt { UInt(bitPattern: words + word) }

    func put(frame word: Int, next: UInt, returnAddress: UInt) {
        words[word] = next
        words[word + 1] = returnAddress
    }
}

@Suite struct `A ring of samples` {
    private func drained(_ ring: SampleRing) -> [(frames: [UInt], weight: UInt)] {
        var all: [(frames: [UInt], weight: UInt)] = []
        ring.drain { all.append((Array($0), $1)) }
        return all
    }

    @Test func `holds the return addresses of all frames`() {
        let ring = SampleRing()
        let stack = FakeStack(words: 64)
        stack.put(frame: 4, next: stack.address(10), returnAddress: 5001)
        stack.put(frame: 10, next: stack.address(30), returnAddress: 5002)
        stack.put(frame: 30, next: 0, returnAddress: 5003)
        ring.record(instruction: 5000, frame: stack.address(4), stack: stack.address(0), weight: 3)
        let samples = drained(ring)
        #expect(samples.map(\.frames) == [[5000, 5001, 5002, 5003]] && samples.map(\.weight) == [3])
        #expect(drained(ring).isEmpty)
    }

    /// What a register holds that is used for something else.
    @Test(arguments: [0, 1, 8, 0x7fff_ffff_fff8, 0xffff_8000_0000_0000, UInt.max - 7, UInt.max])
    func `ends a stack at a frame pointer that is none`(frame: UInt) {
        let ring = SampleRing()
        let stack = FakeStack(words: 16)
        stack.put(frame: 4, next: frame, returnAddress: 5001)
        ring.record(instruction: 5000, frame: stack.address(4), stack: stack.address(0), weight: 1)
        ring.record(instruction: 6000, frame: frame, stack: stack.address(0), weight: 1)
        #expect(drained(ring).map(\.frames) == [[5000, 5001], [6000]])
    }

    @Test func `ends a stack that turns in a circle, goes down or is misaligned`() {
        let ring = SampleRing()
        let stack = FakeStack(words: 16)
        for next in [stack.address(4), stack.address(2), stack.address(8) + 4] {
            stack.put(frame: 4, next: next, returnAddress: 5001)
            ring.record(instruction: 5000, frame: stack.address(4), stack: stack.address(0), weight: 1)
        }
        #expect(drained(ring).map(\.frames) == [[5000, 5001], [5000, 5001], [5000, 5001]])
    }

    @Test func `ends a stack that is very deep`() {
        let ring = SampleRing()
        let stack = FakeStack(words: 2000)
        for frame in 0..<999 { stack.put(frame: 2 * frame, next: stack.address(2 * frame + 2), returnAddress: 5001 + UInt(frame)) }
        ring.record(instruction: 5000, frame: stack.address(0), stack: stack.address(0), weight: 1)
        #expect(drained(ring).map(\.frames) == [(0..<UInt(SampleRing.maximumDepth)).map { 5000 + $0 }])
    }

    @Test func `drops and counts what it has no room for`() {
        let ring = SampleRing()
        for index in 0..<600 { ring.record(instruction: UInt(index), frame: 0, stack: 1, weight: 1) }
        #expect(drained(ring).count == 512 && ring.takeDropped() == 88 && ring.takeDropped() == 0)
        ring.record(instruction: 1, frame: 0, stack: 1, weight: 1)
        #expect(drained(ring).count == 1)
    }
}
