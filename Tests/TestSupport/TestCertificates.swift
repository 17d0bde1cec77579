import Foundation
import HTTP

/// An authority with a server's and a client's certificate, and a stranger's authority, made by the openssl command.
package struct TestCertificates {
    package let directory: String

    package var authority: String { "\(directory)/ca.pem" }
    package var stranger: String { "\(directory)/stranger.pem" }
    /// For `localhost` and 127.0.0.1.
    package var server: TLSIdentity { TLSIdentity(certificateFile: "\(directory)/server.pem", keyFile: "\(directory)/server.key") }
    package var client: TLSIdentity { TLSIdentity(certificateFile: "\(directory)/client.pem", keyFile: "\(directory)/client.key") }
    package var strangersClient: TLSIdentity { TLSIdentity(certificateFile: stranger, keyFile: "\(directory)/stranger.key") }
    /// The key of ``server`` behind a passphrase.
    package var lockedKey: String { "\(directory)/locked.key" }

    package init(in directory: String) throws {
        self.directory = directory
        try authority("ca")
        try authority("stranger")
        try leaf("server", ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        try leaf("client", [])
        try openssl(["ec", "-in", "server.key", "-aes128", "-passout", "pass:secret", "-out", "locked.key"])
    }

    /// One for `localhost` and 127.0.0.1 that ended yesterday.
    package func expired() throws -> TLSIdentity {
        try openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=expired"]
                + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "expired.key", "-out", "expired.csr"])
        try openssl(
            ["x509", "-req", "-in", "expired.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "-1"]
                + ["-copy_extensions", "copy"]
                + ["-out", "expired.pem"])
        return TLSIdentity(certificateFile: "\(directory)/expired.pem", keyFile: "\(directory)/expired.key")
    }

    /// Another for `localhost` and 127.0.0.1, by the same authority.
    package func another(_ name: String) throws -> TLSIdentity {
        try leaf(name, ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        return TLSIdentity(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    private func authority(_ name: String) throws {
        try openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)"]
                + ["-keyout", "\(name).key", "-out", "\(name).pem"])
    }

    private func leaf(_ name: String, _ more: [String]) throws {
        try openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)"]
                + ["-keyout", "\(name).key", "-out", "\(name).pem", "-CA", "ca.pem", "-CAkey", "ca.key"]
                + ["-addext", "basicConstraints=critical,CA:FALSE"] + more)
    }

    private func openssl(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        if process.terminationStatus != 0 { throw Failure(description: "openssl \(arguments): \(text)") }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description: String
    }
}
