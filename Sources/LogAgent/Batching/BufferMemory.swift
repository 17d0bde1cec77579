import Synchronization

/// Blocks of memory of finished batches, kept for the next ones: steady work then allocates nothing, touches no fresh pages, and
/// grows a batch without copying it, because the next block is as large as the last had to become. One for the whole program.
final class BufferMemory: Sendable {
    /// `@unchecked Sendable`: who has a block is its only owner; one in the list belongs to the list.
    struct Block: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let capacity: Int
    }

    static let shared = BufferMemory(retainedBytes: 4 << 20)

    /// Smaller ones are left to the allocator.
    static let smallestBlockBytes = 16 << 10

    private struct Free {
        var blocks: [Block] = []
        var bytes = 0
    }

    private let retainedBytes: Int
    private let free = Mutex(Free())

    /// Above `retainedBytes`, blocks go back to the allocator.
    init(retainedBytes: Int) {
        self.retainedBytes = retainedBytes
    }

    deinit { trim() }

    /// A block of at least `bytes`: the largest that is free, else a new one.
    func take(_ bytes: Int) -> Block {
        if bytes >= Self.smallestBlockBytes, let block = free.withLock({ Self.takeLargest(&$0, atLeast: bytes) }) { return block }
        return Block(base: .allocate(byteCount: bytes, alignment: 16), capacity: bytes)
    }

    /// The caller must not use `block` afterwards.
    func giveBack(_ block: Block) {
        let isKept =
            block.capacity >= Self.smallestBlockBytes
            && free.withLock { free in
                guard free.bytes + block.capacity <= retainedBytes else { return false }
                free.bytes += block.capacity
                free.blocks.append(block)
                return true
            }
        if !isKept { block.base.deallocate() }
    }

    /// Gives what is free back to the allocator: for times without work.
    func trim() {
        let blocks = free.withLock { free in
            let blocks = free.blocks
            free = Free()
            return blocks
        }
        for block in blocks { block.base.deallocate() }
    }

    /// Memory that nobody uses.
    var freeBytes: Int { free.withLock { $0.bytes } }

    private static func takeLargest(_ free: inout Free, atLeast bytes: Int) -> Block? {
        guard let index = free.blocks.indices.max(by: { free.blocks[$0].capacity < free.blocks[$1].capacity }),
            free.blocks[index].capacity >= bytes
        else { return nil }
        let block = free.blocks.remove(at: index)
        free.bytes -= block.capacity
        return block
    }
}
