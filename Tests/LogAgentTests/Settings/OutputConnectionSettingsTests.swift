import ConnectionSettings
import Foundation
import HTTP
import TestSupport
import Testing

@testable import LogAgent

/// TLS, proxies, Unix sockets, encodings and standard output in configurations.
struct OutputConnectionSettingsTests {
    private static let source = #"sources: [{ name: "a", include: "/a" }], "#

    private func loki(
        _ url: String, _ more: String = "", directory: String = "/nowhere", environment: [String: String] = [:]
    ) throws -> LokiSettings {
        let text = #"\#(Self.source)outputs: [{ name: "l", type: "loki", url: "\#(url)", \#(more) }]"#
        let output = try #require(try load(text, directory: directory, environment: environment).settings.outputs.first)
        guard case .loki(let settings) = output.destination else { throw CocoaError(.coderValueNotFound) }
        return settings
    }

    /// What is told, without places.
    private func problems(_ output: String, directory: String = "/nowhere", environment: [String: String] = [:]) -> [String] {
        told(about: "\(Self.source)outputs: [{ name: \"l\", \(output) }]", directory: directory, environment: environment)
            .map { String($0.split(separator: " ", maxSplits: 1)[1]) }
    }

    @Test(arguments: [
        "https://loki.example/loki/api/v1/push", "HTTPS://loki:3100/loki/api/v1/push", "unix:/run/loki.sock:/loki/api/v1/push",
        "http+unix://%2Frun%2Floki.sock/loki/api/v1/push",
    ])
    func `urls that can be reached`(url: String) throws {
        #expect(try loki(url).url == url)
    }

    @Test func `encodings, each with its path`() throws {
        #expect(try loki("http://l/loki/api/v1/push").encoding == .json)
        #expect(try loki("http://l/otlp/v1/logs", #"encoding: "otlp""#).encoding == .otlp)
        #expect(
            problems(#"type: "loki", url: "http://l/otlp/v1/logs""#) == [
                #"error: `outputs[0].url` ends in /otlp/v1/logs, which takes encoding "otlp", but `encoding` is "json". | Loki's path for it is /loki/api/v1/push."#
            ])
        #expect(
            problems(#"type: "loki", url: "http://l/loki/api/v1/push", encoding: "otlp""#) == [
                #"error: `outputs[0].url` ends in /loki/api/v1/push, which takes encoding "json", but `encoding` is "otlp". | Loki's path for it is /otlp/v1/logs."#
            ])
        #expect(
            problems(#"type: "loki", url: "https://l", encoding: "otlp""#) == [
                #"error: `outputs[0].url` has no path. | Loki's is /otlp/v1/logs: "https://l/otlp/v1/logs"."#
            ])
        #expect(
            problems(#"type: "loki", url: "unix:/run/loki.sock""#) == [
                #"error: `outputs[0].url` has no path. | Loki's is /loki/api/v1/push: "http+unix://%2Frun%2Floki.sock/loki/api/v1/push"."#
            ])
        #expect(
            problems(#"type: "loki", url: "unix:loki.sock:/p""#) == [
                #"error: `outputs[0].url`: "unix:loki.sock:/p" names no absolute path; use for example unix:/run/name.sock."#
            ])
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func `files of TLS are relative to the configuration and loaded once`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            let tls =
                #"tls: { ca_file: "ca.pem", certificate_file: "client.pem", key_file: "client.key", server_name: "loki.example", min_version: "1.3" }"#
            #expect(
                try loki("https://l/loki/api/v1/push", tls, directory: directory).tls
                    == TLSClientSettings(
                        authoritiesFile: certificates.authority, identity: certificates.client, serverName: "loki.example",
                        minimumVersion: .tls13))
            func told(_ tls: String) -> [String] {
                problems(#"type: "loki", url: "https://l/loki/api/v1/push", tls: { \#(tls) }"#, directory: directory)
            }
            #expect(told(#"certificate_file: "client.pem""#).first?.contains("`outputs[0].tls` has no `key_file`; it is required.") == true)
            #expect(
                told(#"certificate_file: "client.pem", key_file: "server.key""#) == [
                    "error: `outputs[0].tls.key_file`: the private key in \(directory)/server.key does not belong to the certificate in"
                        + " \(directory)/client.pem; put the two that were made together there."
                ])
            #expect(
                told(#"ca_file: "none.pem""#) == [
                    "error: `outputs[0].tls.ca_file`: cannot load authorities from \(directory)/none.pem: No such file or directory;"
                        + " it must be a PEM file."
                ])
            #expect(
                told(#"min_version: "1.1""#).first?.hasPrefix(
                    #"error: `outputs[0].tls.min_version` is "1.1"; use one of "1.2" or "1.3"."#) == true)
            #expect(
                told(#"server_name: "loki:3100/x""#) == [
                    #"error: `outputs[0].tls.server_name` is "loki:3100/x"; use a host name or an address, without a port."#
                ])
            #expect(
                told(#"insecure_skip_verify: true, ca_file: "ca.pem""#) == [
                    "warning: `outputs[0].tls.insecure_skip_verify` is true: whoever is on the way can read and change what is sent."
                        + " | Name the authority's certificate in `ca_file` instead.",
                    "warning: `outputs[0].tls.ca_file` has no use: insecure_skip_verify is true.",
                ])
            #expect(told(#"key: "secret""#).first?.contains("a secret stands in a file of its own; use `key_file`") == true)
            _ = try certificates.expired()
            let warnings = told(#"certificate_file: "expired.pem", key_file: "expired.key""#)
            #expect(
                warnings.count == 1
                    && warnings[0].hasPrefix("warning: `outputs[0].tls.certificate_file`: the certificate has ended on "))
            #expect(
                problems(#"type: "loki", url: "http://l/loki/api/v1/push", tls: { ca_file: "ca.pem" }"#, directory: directory) == [
                    "warning: `outputs[0].tls` has no use: the url is not one of https."
                ])
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func `the admin listener has TLS, and with client certificates needs no token`() throws {
        try withTemporaryDirectory { directory in
            let certificates = try TestCertificates(in: directory)
            func server(_ tls: String) -> String { #"\#(Self.source)server: { listen: "0.0.0.0:9144", tls: { \#(tls) } }"# }
            let identity = #"certificate_file: "server.pem", key_file: "server.key""#
            let loaded = try load(server(identity + #", client_ca_file: "ca.pem", min_version: "1.3""#), directory: directory)
            #expect(
                loaded.settings.server.tls
                    == TLSServerSettings(
                        identity: certificates.server, clientAuthoritiesFile: certificates.authority, minimumVersion: .tls13))
            #expect(!loaded.warnings.contains { $0.message.contains("without a token") })
            #expect(told(about: server(identity), directory: directory).contains { $0.contains("without a token") })
            #expect(
                told(about: server(identity + #", ca_file: "ca.pem""#), directory: directory).contains {
                    $0.contains("`server.tls.ca_file` does not belong here")
                })
            #expect(
                told(about: server(""), directory: directory).contains {
                    $0.contains("`server.tls` has no `certificate_file`; it is required.")
                })
        }
    }

    @Test func `a proxy is taken from the environment, unless the setting says otherwise`() throws {
        let environment = ["HTTPS_PROXY": "http://env:3128", "NO_PROXY": "inside.example"]
        func proxy(_ url: String, _ more: String = "") throws -> String? {
            try loki(url, more, environment: environment).proxy?.description
        }
        #expect(try proxy("https://loki.example/loki/api/v1/push") == "env:3128")
        #expect(try proxy("https://loki.inside.example/loki/api/v1/push") == nil)
        #expect(try proxy("http://loki.example/loki/api/v1/push") == nil)
        #expect(try proxy("https://127.0.0.1/loki/api/v1/push") == nil)
        #expect(try proxy("https://loki.example/loki/api/v1/push", #"proxy: "none""#) == nil)
        #expect(try proxy("https://loki.example/loki/api/v1/push", #"proxy: "http://own:3128""#) == "own:3128")
        // What is written down holds for this machine, too, and for what NO_PROXY names.
        #expect(try proxy("https://127.0.0.1/loki/api/v1/push", #"proxy: "http://own:3128""#) == "own:3128")
        #expect(try proxy("https://loki.inside.example/loki/api/v1/push", #"proxy: "own:3128""#) == "own:3128")
        let object = #"proxy: { url: "http://own:3128", no_proxy: [".corp", "192.0.2.0/24"] }"#
        #expect(try proxy("https://loki.example/loki/api/v1/push", object) == "own:3128")
        #expect(try proxy("https://192.0.2.3/loki/api/v1/push", object) == nil)
        try withTemporaryDirectory { directory in
            try Data("s3cret".utf8).write(to: URL(fileURLWithPath: "\(directory)/password"))
            let settings = try loki(
                "https://l.example/loki/api/v1/push",
                #"proxy: { url: "http://own:3128", basic_auth: { username: "u", password_file: "password" } }"#, directory: directory)
            #expect(settings.proxy == (try HTTPProxy(url: "http://u:s3cret@own:3128")))
            #expect(!"\(settings)".contains("dTpzM2NyZXQ"))
        }
    }

    @Test func `proxies that cannot be used are told, without secrets`() {
        let url = #"type: "loki", url: "https://l/loki/api/v1/push""#
        #expect(
            problems(url, environment: ["https_proxy": "socks5://u:secret@x"]) == [
                "error: `outputs[0]` would be reached by way of https_proxy, but a proxy by socks5:// is not supported; use http://host:port."
                    + " | Correct the environment variable, or set `proxy`; \"none\" is for no proxy."
            ])
        #expect(
            problems(url + #", proxy: "http://u:secret@x""#) == [
                #"error: `outputs[0].proxy` holds a user name. | Use { url: "http://proxy:3128", basic_auth: {…} }."#
            ])
        #expect(
            problems(url + #", proxy: "https://x""#) == [
                "error: `outputs[0].proxy`: a proxy by https:// is not supported; use http://host:port."
            ])
        #expect(
            problems(url + ", proxy: 3128") == [
                #"error: `outputs[0].proxy` is 3128; use a URL such as "http://proxy:3128", "none", or an object."#
            ])
        #expect(
            problems(url + #", proxy: { url: "http://x", no_proxy: "a/b" }"#) == [
                #"error: `outputs[0].proxy.no_proxy` has "a/b", which names no host. | Use a name, an address or a network: "example.com", ".example.com", "192.0.2.0/24", "host:3100"."#
            ])
        #expect(
            problems(#"type: "loki", url: "unix:/run/l.sock:/loki/api/v1/push", proxy: "http://x""#) == [
                "warning: `outputs[0].proxy` has no use: the url is that of a Unix socket."
            ])
    }

    @Test func `a secret that would go over the network as it is makes a warning`() throws {
        try withTemporaryDirectory { directory in
            try Data("s3cret".utf8).write(to: URL(fileURLWithPath: "\(directory)/token"))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(directory)/token")
            func told(_ url: String) -> [String] {
                problems(#"type: "loki", url: "\#(url)", bearer_token_file: "token""#, directory: directory)
            }
            #expect(
                told("http://l/loki/api/v1/push") == [
                    "warning: `outputs[0].url` is not one of https: whoever is on the way can read the password or token."
                ])
            for url in ["https://l", "http://127.0.0.1", "http://localhost:3100", "unix:/run/l.sock:"] {
                #expect(told(url + "/loki/api/v1/push") == [])
            }
        }
    }

    @Test func `standard output has one writer`() throws {
        let text = Self.source + #"outputs: [{ name: "s", type: "stdout", format: "line", batch: { max_wait: "10ms" } }]"#
        let output = try #require(try load(text).settings.outputs.first)
        #expect(output.destination == .stdout(StdoutSettings(format: .line)))
        #expect(output.inFlight == 1)
        #expect(
            problems(#"type: "stdout" }, { name: "m", type: "stdout""#) == [
                "error: `outputs[1]` writes to standard output, as `outputs[0]` does; keep one of them."
            ])
        #expect(
            problems(#"type: "stdout", format: "xml", in_flight: 2, url: "x""#) == [
                #"error: `outputs[0].format` is "xml"; use one of "json" or "line"."#,
                "error: `outputs[0].in_flight` does not belong here: lines are written one batch at a time.",
                #"error: `outputs[0].url` does not belong here: it is a setting of outputs of type "loki"."#,
            ])
    }
}
