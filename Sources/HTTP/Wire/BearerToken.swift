/// A secret that requests must carry as `Authorization: Bearer …` (RFC 6750).
struct BearerToken: Sendable {
    private let bytes: [UInt8]

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    func isCarried(by headers: HTTPHeaders) -> Bool {
        let values = headers.all("Authorization")
        guard values.count == 1 else { return false }
        let parts = values[0].split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, ASCIIText.equalIgnoringCase(String(parts[0]), "Bearer") else { return false }
        return isEqual(to: Array(ASCIIText.trimmed(parts[1]).utf8))
    }

    /// Takes the same time wherever the first difference is; only the length of `given` shows.
    private func isEqual(to given: [UInt8]) -> Bool {
        var difference = given.count ^ bytes.count
        for (index, byte) in given.enumerated() {
            difference |= Int(byte ^ (bytes.isEmpty ? 0 : bytes[index % bytes.count]))
        }
        return difference == 0 && !bytes.isEmpty
    }
}
