@testable import LogAgent

extension RegexMatcher {
    /// The texts of the named groups in the leftmost match; nil where there is none.
    func groups(in line: String, byThreads: Bool = false) -> [String: String]? {
        let bytes = Array(line.utf8)
        return bytes.withUnsafeBytes { bytes in
            guard byThreads ? searchByThreads(bytes) : search(bytes) else { return nil }
            var result: [String: String] = [:]
            for (index, name) in program.names.enumerated() {
                if let range = self[index] { result[name] = String(decoding: bytes[range], as: UTF8.self) }
            }
            return result
        }
    }
}
