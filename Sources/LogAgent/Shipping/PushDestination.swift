/// Where pushes go. Built in the thread that uses it, and stays there.
protocol PushDestination {
    /// Fills `body` with the whole push; gives its uncompressed size.
    func encode(_ batches: [SealedBatch], into body: inout [UInt8]) -> Int

    /// Tries once to get on with `push`, which is not finished.
    func attempt(_ push: PendingPush) -> PushResolution.Verdict
}
