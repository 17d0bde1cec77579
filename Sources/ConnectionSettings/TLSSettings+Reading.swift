import Configuration
import HTTP
import SystemIO

extension TLSClientSettings {
    /// Of an output. The files are loaded once, so that what is wrong with them is told with everything else.
    package init(reading object: ConfigurationObject) {
        self.init(
            authoritiesFile: object["ca_file"]?.filePath(), identity: TLSIdentity(reading: object, isRequired: false),
            serverName: object["server_name"]?.hostName(), minimumVersion: object["min_version"]?.choice() ?? .tls12,
            verifiesServer: object["insecure_skip_verify"].map { !($0.bool() ?? false) } ?? true)
        object.misplaced("client_ca_file", "it is a setting of `server.tls`; the authorities that an output trusts stand in `ca_file`")
        if !verifiesServer {
            object["insecure_skip_verify"]?.warn(
                "`\(object.node.path).insecure_skip_verify` is true: whoever is on the way can read and change what is sent.",
                hint: "Name the authority's certificate in `ca_file` instead.")
            for key in ["ca_file", "server_name"] where object[key] != nil {
                object[key]?.warn("`\(object.node.path).\(key)` has no use: insecure_skip_verify is true.")
            }
        }
        object.node.tellCertificateEnd { () throws(TLSError) in try check() }
    }
}

extension TLSServerSettings {
    /// Of a listener; nil where a file is missing.
    package init?(reading object: ConfigurationObject) {
        let authorities = object["client_ca_file"]?.filePath()
        let minimum: TLSVersion? = object["min_version"]?.choice()
        for key in ["ca_file", "server_name", "insecure_skip_verify"] {
            object.misplaced(key, "it is a setting of an output's `tls`; the authorities of clients stand in `client_ca_file`")
        }
        guard let identity = TLSIdentity(reading: object, isRequired: true) else { return nil }
        self.init(identity: identity, clientAuthoritiesFile: authorities, minimumVersion: minimum ?? .tls12)
        object.node.tellCertificateEnd { () throws(TLSError) in try check() }
    }
}

extension TLSIdentity {
    fileprivate init?(reading object: ConfigurationObject, isRequired: Bool) {
        object.misplaced("key", "a secret stands in a file of its own; use `key_file`", hidingLine: true)
        let isWanted = isRequired || object["certificate_file"] != nil || object["key_file"] != nil
        guard isWanted else { return nil }
        let certificate = object.required("certificate_file", "\"/etc/log-agent/tls.pem\"")?.filePath()
        let key = object.required("key_file", "\"/etc/log-agent/tls.key\"")?.filePath()
        guard let certificate, let key else { return nil }
        self.init(certificateFile: certificate, keyFile: key)
    }
}

extension ConfigurationNode {
    private static let warningSeconds = 7 * 86_400

    /// A path, relative to the configuration file.
    fileprivate func filePath() -> String? {
        guard let name = string() else { return nil }
        if !name.isEmpty && !name.utf8.contains(0) { return file.resolve(name) }
        refuse(found: name, "use the path of a file")
        return nil
    }

    fileprivate func hostName() -> String? {
        guard let text = string() else { return nil }
        if !text.isEmpty && text.utf8.allSatisfy({ Self.isLetterOrDigit($0) || "-._:".utf8.contains($0) }) { return text }
        refuse(found: text, "use a host name or an address, without a port")
        return nil
    }

    /// `check` loads the files of this object and gives when the own certificate ends.
    fileprivate func tellCertificateEnd(_ check: () throws(TLSError) -> Int?) {
        do throws(TLSError) {
            guard let end = try check() else { return }
            let now = Int(SystemClock.wallNanoseconds() / 1_000_000_000)
            guard end < now + Self.warningSeconds else { return }
            let node = member("certificate_file")
            node.warn("`\(node.path)`: the certificate \(end < now ? "has ended" : "ends") on \(HTTPDate.format(end)); renew it.")
        } catch {
            let key =
                switch error {
                case .cannotLoad(let path, _, _):
                    ["ca_file", "client_ca_file", "certificate_file", "key_file"].first { key in
                        if case .string(let name) = member(key).value { file.resolve(name) == path } else { false }
                    }
                case .keyMismatch: "key_file"
                case .untrusted, .failed: nil as String?
                }
            let node = key.map(member) ?? self
            node.tell("`\(node.path)`: \(error).")
        }
    }
}
