/// Why bytes are not what a gzip file (RFC 1952) is.
package enum GzipError: Error, Equatable, CustomStringConvertible {
    /// The input ends in the middle of a member, or holds none.
    case truncated
    /// The input inflates to more than `limit` bytes.
    case tooLarge(limit: Int)
    /// A bad header, a bad block, a wrong checksum or length, or something else after the last member.
    case corrupt(reason: String)

    package var description: String {
        switch self {
        case .truncated: "The gzip data ends in the middle of a member; send or copy it again, whole."
        case .tooLarge(let limit): "The gzip data inflates to more than \(limit) bytes; send less at once, or raise the limit."
        case .corrupt(let reason): "The gzip data is damaged: \(reason). Compress it again from its source."
        }
    }
}
