/// Everything about one listener.
package struct HTTPServerSettings: Equatable, Sendable {
    /// How long each phase of a connection may take, in nanoseconds.
    package struct Timeouts: Equatable, Sendable {
        /// Between two requests, and before the first.
        package var idle: UInt64 = 75_000_000_000
        /// From the first byte of a request to the end of its head.
        package var head: UInt64 = 10_000_000_000
        /// From the end of a head to the end of its body.
        package var body: UInt64 = 60_000_000_000
        /// A body that is streamed may take as long as it likes, while each such span brings at least ``streamedBodyBytes``.
        /// Time in which its consumer does not keep up does not count.
        package var streamedBody: UInt64 = 30_000_000_000
        package var streamedBodyBytes = 16 << 10
        /// For one whole response; of a file's bytes, for each piece of 128 KiB.
        package var response: UInt64 = 60_000_000_000
        /// How long a connection that is being closed is still read, so that the client sees the last response.
        package var linger: UInt64 = 2_000_000_000

        package init() {}
    }

    /// `host:port`, `[::1]:port` or `unix:/path`; with port 0 the kernel chooses one.
    package var listen: String
    /// When set, requests without it are answered 401.
    package var bearerToken: String?
    /// When set, the listener speaks TLS only.
    package var tls: TLSServerSettings?
    package var limits = HTTPLimits()
    /// Of a request body after `Content-Encoding: gzip` is undone.
    package var inflatedBytes = 8 << 20
    /// Paths whose handler gets the body as it came, with its `Content-Encoding`.
    package var codedPaths: Set<String> = []
    /// Of all requests that are being received or handled together. A request that would go above it is answered 503.
    package var heldBytes = 64 << 20
    /// Above this the connection that was idle longest is closed, or, when none is idle, the new one is answered 503.
    package var connections = 512
    /// How many handlers run at once, each on its own thread.
    package var workers = 2
    /// How many streamed bodies are consumed, and files read, at once. Used only by servers that decide about bodies.
    package var transferWorkers = 2
    /// Of each worker thread; memory is used only as far as a handler goes.
    package var workerStackBytes = 512 << 10
    package var timeouts = Timeouts()

    package init(listen: String, bearerToken: String? = nil) {
        self.listen = listen
        self.bearerToken = bearerToken
    }
}
