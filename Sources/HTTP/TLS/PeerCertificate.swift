import COpenSSL
import Glibc

/// What a person needs to know about a certificate.
enum PeerCertificate {
    /// Names above this count are left out of messages.
    private static let maximumNames = 8

    /// Why the verification in `store` (`X509_STORE_CTX`) has just stopped.
    static func problem(_ store: OpaquePointer?, expectedName: String?) -> CertificateProblem {
        let code = X509_STORE_CTX_get_error(store)
        let certificate = X509_STORE_CTX_get_current_cert(store)
        // The authority's own certificate was sent along: that is not the one in question.
        let inQuestion = code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ? X509_STORE_CTX_get0_cert(store) : certificate
        return CertificateProblem(kind(code, certificate, expectedName), subject: name(X509_get_subject_name(inQuestion)))
    }

    private static func kind(_ code: Int32, _ certificate: OpaquePointer?, _ expectedName: String?) -> CertificateProblem.Kind {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            if let end = seconds(X509_get0_notAfter(certificate)) { return .expired(since: end) }
        case X509_V_ERR_CERT_NOT_YET_VALID:
            if let start = seconds(X509_get0_notBefore(certificate)) { return .notYetValid(until: start) }
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
            return .unknownAuthority(issuer: name(X509_get_issuer_name(certificate)))
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return .wrongName(expected: expectedName ?? "", names: names(certificate))
        default: break
        }
        return .other(X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)")
    }

    /// Seconds since 1970; nil for a time that is none.
    static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int? {
        var civil = tm()
        guard time != nil, ASN1_TIME_to_tm(time, &civil) == 1 else { return nil }
        return timegm(&civil)
    }

    /// `/C=DE/CN=name`, as far as 256 bytes go.
    private static func name(_ name: OpaquePointer?) -> String {
        var text = [CChar](repeating: 0, count: 256)
        guard name != nil, X509_NAME_oneline(name, &text, Int32(text.count)) != nil else { return "nobody" }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? "nobody" : String(decoding: bytes, as: UTF8.self)
    }

    /// The DNS names and addresses that it is for.
    private static func names(_ certificate: OpaquePointer?) -> [String] {
        guard let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let stack = OpaquePointer(list)
        defer { GENERAL_NAMES_free(stack) }
        let count = OPENSSL_sk_num(stack)
        var names: [String] = []
        for index in 0..<max(0, min(count, Int32(maximumNames))) {
            guard let element = OPENSSL_sk_value(stack, index) else { continue }
            if let name = text(element.assumingMemoryBound(to: GENERAL_NAME.self)) { names.append(name) }
        }
        if count > maximumNames { names.append("\(Int(count) - maximumNames) more") }
        return names
    }

    private static func text(_ name: UnsafePointer<GENERAL_NAME>) -> String? {
        var type: Int32 = 0
        guard let value = GENERAL_NAME_get0_value(name, &type), type == GEN_DNS || type == GEN_IPADD else { return nil }
        let string = value.assumingMemoryBound(to: ASN1_STRING.self)
        let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
        if type == GEN_DNS { return String(decoding: bytes, as: UTF8.self) }
        return NetworkAddress(bytes: Array(bytes))?.description
    }
}
