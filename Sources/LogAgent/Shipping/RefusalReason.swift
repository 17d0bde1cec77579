/// Why a server will never take an entry.
struct RefusalReason: Hashable, Sendable {
    /// Few, for labels of metrics; the names follow `loki_discarded_samples_total`.
    enum Kind: String, Sendable, CaseIterable {
        case tooFarBehind = "too_far_behind"
        case outOfOrder = "out_of_order"
        case tooOld = "greater_than_max_sample_age"
        case tooNew = "too_far_in_future"
        case lineTooLong = "line_too_long"
        case metadataDisallowed = "disallowed_structured_metadata"
        case metadataTooLarge = "structured_metadata_too_large"
        case metadataTooMany = "structured_metadata_too_many"
        /// The labels of the whole stream.
        case labels = "invalid_labels"
        /// Alone and still too large for the server.
        case requestTooLarge = "request_too_large"
        /// For words that are not known here.
        case other
        /// The answers did not tell in a bounded number of tries whether it was stored: it may be.
        case undetermined
    }

    static let maximumTextBytes = 512

    let kind: Kind
    /// The server's words.
    let text: String

    init(_ kind: Kind, _ text: some StringProtocol) {
        self.kind = kind
        let bytes = text.utf8.prefix(Self.maximumTextBytes)
        self.text = String(decoding: bytes.count == text.utf8.count ? Array(bytes) : Array(bytes) + Array("…".utf8), as: UTF8.self)
    }
}
