/// How much of one message is taken in.
package struct HTTPLimits: Equatable, Sendable {
    /// Of the request target.
    package var targetBytes: Int
    /// Of start line and header fields together; also of the trailer fields of a chunked body.
    package var headBytes: Int
    package var headerCount: Int
    /// Of the body, without chunk framing.
    package var bodyBytes: Int

    package init(targetBytes: Int = 8 << 10, headBytes: Int = 16 << 10, headerCount: Int = 100, bodyBytes: Int = 1 << 20) {
        self.targetBytes = targetBytes
        self.headBytes = headBytes
        self.headerCount = headerCount
        self.bodyBytes = bodyBytes
    }
}
