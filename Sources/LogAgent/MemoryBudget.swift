/// How the one `memory` ceiling is shared out.
struct MemoryBudget {
    /// The runtime, threads, tables and the read buffer, as measured on a running agent.
    static let fixedBytes = 14 << 20
    /// Each output compresses with its own tables and buffers.
    static let bytesPerSender = 1 << 20
    /// Less than this, and batches would be too small to be worth sending.
    static let minimumBytes = 2 << 20

    /// For batches, open or on their way, of one output.
    let bytesPerOutput: Int

    init(total: Int, outputs: Int) {
        let rest = total - Self.fixedBytes - outputs * 2 * Self.bytesPerSender
        // Half: what the allocator holds on to besides.
        bytesPerOutput = max(Self.minimumBytes, rest / 2 / max(1, outputs))
    }
}
