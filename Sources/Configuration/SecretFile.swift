import Glibc
import SystemIO

extension ConfigurationNode {
    /// The content of the file that this text names (relative to the configuration file), without the newline at its end.
    ///
    /// A file that is missing, empty, larger than 64 KiB or no text is an error; one that everyone may read is a warning.
    package func secretFromFile() -> String? {
        guard let name = string() else { return nil }
        let path = file.resolve(name)
        let bytes: [UInt8]
        do throws(SmallFileError) {
            bytes = try SmallFile.read(path, maximumBytes: 64 << 10)
        } catch {
            tell("`\(self.path)`: cannot read the secret: \(error).")
            return nil
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            tell("`\(self.path)`: \(path) is not UTF-8 text.")
            return nil
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        if text.isEmpty {
            tell("`\(self.path)`: \(path) is empty.", hint: "Put the secret into its first line.")
            return nil
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            tell("`\(self.path)`: \(path) holds more than one line, or control characters.", hint: "Keep only the secret in it.")
            return nil
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o004 != 0 {
            warn("`\(self.path)`: everyone on this machine can read \(path).", hint: "chmod 600 \(path)")
        }
        return text
    }
}
