import CLinux
import Glibc
import Synchronization

/// Stacks on their way from a signal handler, on any thread, to the one thread that counts them. Fixed memory, no locks: a handler that
/// finds its slot taken drops its sample.
///
/// `@unchecked Sendable`: what threads share are the atomics; a slot's words belong to whoever moved its state on. Never freed: a signal
/// may come late.
struct SampleRing: @unchecked Sendable {
    // Computed: a stored one is initialised at its first use, which would be in a signal handler.
    static var maximumDepth: Int { 128 }
    private static var slots: Int { 512 }

    private enum State {
        static var free: UInt { 0 }
        static var writing: UInt { 1 }
        static var ready: UInt { 2 }
    }

    /// Words of a slot: what it holds, scratch memory for the handler, and the frames.
    private enum Word {
        static var depth: Int { 0 }
        static var weight: Int { 1 }
        static var frameRecord: Int { 2 }
        static var localVector: Int { 4 }
        static var remoteVector: Int { 6 }
        static var frames: Int { 8 }
        static var count: Int { frames &+ SampleRing.maximumDepth }
    }

    private let words: UnsafeMutablePointer<UInt>
    private let states: UnsafeMutablePointer<Atomic<UInt>>
    private let next: UnsafeMutablePointer<Atomic<UInt>>
    private let dropped: UnsafeMutablePointer<Atomic<UInt>>
    private let process: Int32

    init() {
        words = .allocate(capacity: Self.slots * Word.count)
        words.initialize(repeating: 0, count: Self.slots * Word.count)
        states = .allocate(capacity: Self.slots)
        for slot in 0..<Self.slots { (states + slot).initialize(to: Atomic(State.free)) }
        next = .allocate(capacity: 1)
        next.initialize(to: Atomic(0))
        dropped = .allocate(capacity: 1)
        dropped.initialize(to: Atomic(0))
        process = getpid()
    }

    /// Called in a signal handler: takes neither memory nor locks, and makes one kind of system call, which only reads. A stack is
    /// followed by its frame pointers; a frame that can't be read, because what looked like a frame pointer is none, ends it.
    func record(instruction: UInt, frame: UInt, stack: UInt, weight: UInt) {
        let slot = Int(truncatingIfNeeded: next.pointee.add(1, ordering: .relaxed).oldValue % UInt(bitPattern: Self.slots))
        guard states[slot].compareExchange(expected: State.free, desired: State.writing, ordering: .acquiring).exchanged else {
            dropped.pointee.add(weight, ordering: .relaxed)
            return
        }
        let slotWords = words + slot &* Word.count
        slotWords[Word.frames] = instruction
        var depth = 1
        var frame = frame
        var below = stack
        // Frames lie above each other, each in reach of the one before, and are aligned.
        while depth < Self.maximumDepth, frame >= below, frame &- below < 64 << 20, frame & 7 == 0 {
            guard read(frame, slotWords) else { break }
            let caller = slotWords[Word.frameRecord &+ 1]
            // The first page is never code.
            if caller < 4096 { break }
            slotWords[Word.frames &+ depth] = caller
            depth &+= 1
            below = frame &+ 16
            frame = slotWords[Word.frameRecord]
        }
        slotWords[Word.depth] = UInt(bitPattern: depth)
        slotWords[Word.weight] = weight
        states[slot].store(State.ready, ordering: .releasing)
    }

    /// Copies a frame's two words, the caller's frame and the return address. False: nothing can be read there.
    private func read(_ address: UInt, _ slotWords: UnsafeMutablePointer<UInt>) -> Bool {
        slotWords[Word.localVector] = UInt(bitPattern: slotWords + Word.frameRecord)
        slotWords[Word.localVector &+ 1] = 16
        slotWords[Word.remoteVector] = address
        slotWords[Word.remoteVector &+ 1] = 16
        let local = UnsafeRawPointer(slotWords + Word.localVector).assumingMemoryBound(to: iovec.self)
        let remote = UnsafeRawPointer(slotWords + Word.remoteVector).assumingMemoryBound(to: iovec.self)
        return process_vm_readv(process, local, 1, remote, 1, 0) == 16
    }

    /// Whether the kernel lets this process read itself in the way that ``record(instruction:frame:stack:weight:)`` does; else the error.
    var selfTest: Int32? {
        let slotWords = words
        return read(UInt(bitPattern: states), slotWords) ? nil : errno
    }

    /// Gives each sample that is ready, leaf first, and makes room. For one thread at a time.
    func drain(_ body: (UnsafeBufferPointer<UInt>, _ weight: UInt) -> Void) {
        for slot in 0..<Self.slots where states[slot].load(ordering: .acquiring) == State.ready {
            let slotWords = words + slot * Word.count
            body(UnsafeBufferPointer(start: slotWords + Word.frames, count: Int(slotWords[Word.depth])), slotWords[Word.weight])
            states[slot].store(State.free, ordering: .releasing)
        }
    }

    /// How many samples found no room since the last call.
    func takeDropped() -> Int { Int(dropped.pointee.exchange(0, ordering: .relaxed)) }
}
