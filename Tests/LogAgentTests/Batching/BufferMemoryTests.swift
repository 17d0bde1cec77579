import Testing

@testable import LogAgent

struct BufferMemoryTests {
    @Test func `a block that came back is given out again, the largest first`() {
        let memory = BufferMemory(retainedBytes: 1 << 20)
        let small = memory.take(16 << 10)
        let large = memory.take(256 << 10)
        memory.giveBack(small)
        memory.giveBack(large)
        #expect(memory.freeBytes == 272 << 10)
        let again = memory.take(16 << 10)
        #expect(again.base == large.base && again.capacity == 256 << 10)
        #expect(memory.take(16 << 10).base == small.base)
        #expect(memory.freeBytes == 0)
        small.base.deallocate()
        large.base.deallocate()
    }

    @Test func `a block that is too small stays`() {
        let memory = BufferMemory(retainedBytes: 1 << 20)
        memory.giveBack(memory.take(16 << 10))
        let larger = memory.take(64 << 10)
        #expect(larger.capacity == 64 << 10 && memory.freeBytes == 16 << 10)
        memory.giveBack(larger)
        memory.trim()
        #expect(memory.freeBytes == 0)
    }

    @Test func `no more is kept than allowed, and nothing small`() {
        let memory = BufferMemory(retainedBytes: 40 << 10)
        let blocks = (0..<3).map { _ in memory.take(16 << 10) }
        for block in blocks { memory.giveBack(block) }
        #expect(memory.freeBytes == 32 << 10)
        memory.giveBack(memory.take(1000))
        #expect(memory.freeBytes == 32 << 10)
    }

    @Test func `a buffer keeps its content while it grows through used blocks`() {
        // Blocks that were used before are not empty.
        for round in 0..<3 {
            var buffer = EntryBuffer(capacity: 16 << 10)
            var expected: [UInt8] = []
            for number in 0..<3000 {
                let text = Array("round \(round) entry \(number) ".utf8)
                text.withUnsafeBytes { buffer.append($0) }
                expected += text
            }
            #expect(buffer.bytes.elementsEqual(expected))
        }
    }
}
