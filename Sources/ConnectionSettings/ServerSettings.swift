import Configuration
import HTTP

/// One listener.
package struct ServerSettings: Equatable, Sendable {
    /// `host:port` or `unix:/path`; port 0 lets the kernel choose.
    package var listen: String
    /// nil: anyone who can connect may ask.
    package var bearerToken: Secret?
    /// nil: plain HTTP.
    package var tls: TLSServerSettings?

    package init(listen: String, bearerToken: Secret? = nil, tls: TLSServerSettings? = nil) {
        self.listen = listen
        self.bearerToken = bearerToken
        self.tls = tls
    }
}

extension ServerSettings {
    /// `exposing`: what other machines can do where anyone may connect.
    package init(reading object: ConfigurationObject, defaultListen: String, exposing: String) {
        listen = object["listen"].map { $0.listenAddress(example: defaultListen) ?? "" } ?? defaultListen
        bearerToken = object["bearer_token_file"]?.secretFromFile().map(Secret.init)
        object.misplaced("bearer_token", "a secret stands in a file of its own; use `bearer_token_file`", hidingLine: true)
        tls = object["tls"]?.object(TLSServerSettings.init(reading:)) ?? nil
        let asksWho = object["bearer_token_file"] != nil || tls?.clientAuthoritiesFile != nil
        if let node = object["listen"], !asksWho, Self.isReachable(listen) {
            node.warn(
                "`\(node.path)` is \"\(listen)\": other machines can \(exposing) without a token.",
                hint: "Set `bearer_token_file` or `tls.client_ca_file`, or listen on 127.0.0.1.")
        }
    }

    private static func isReachable(_ listen: String) -> Bool {
        !listen.isEmpty && !["unix:", "127.", "[::1]:", "localhost:"].contains { listen.hasPrefix($0) }
    }
}
