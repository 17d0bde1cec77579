import FoundationEssentials
import Glibc
import HTTP
import JobStore
import SystemIO

/// Why a command could not do something with keys.
enum KeysError: Error, CustomStringConvertible {
    case store(JobStoreError)
    /// A service has the embedded store open, and would not know who asks.
    case serviceWithoutToken(directory: String)
    case service(address: String, String)
    case noSuchKey(String)

    var description: String {
        switch self {
        case .store(let error): error.description
        case .serviceWithoutToken(let directory): "a service that runs has the job store in \(directory) open"
        case .service(let address, let reason): "the service at \(address): \(reason)"
        case .noSuchKey(let name): "there is no key named \(name)"
        }
    }

    var hint: String? {
        switch self {
        case .serviceWithoutToken: "Set `admin_token_file` and restart the service: then this command asks it. Or stop it for now."
        case .store, .service, .noSuchKey: nil
        }
    }
}

/// The API keys of a configuration: in its job store, or behind the service that has the embedded store open.
struct KeyAdministration {
    private enum Way {
        case store(any JobStoring)
        case service(AdminClient)
    }

    private let way: Way

    init(_ settings: ServiceSettings) throws(KeysError) {
        if settings.databaseURL == nil, Self.isInUse(settings.storeDirectory) {
            guard let token = settings.adminToken else { throw .serviceWithoutToken(directory: settings.storeDirectory) }
            way = .service(try AdminClient(listen: settings.listen, token: token.value))
            return
        }
        do throws(JobStoreError) { way = .store(try OpenedJobStore(settings).store) } catch { throw .store(error) }
    }

    /// Whether another process has the store open: it holds a lock then.
    private static func isInUse(_ directory: String) -> Bool {
        guard let lock = try? FileDescriptor(opening: directory + "/lock", O_RDWR) else { return false }
        return flock(lock.rawValue, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    func close() {
        if case .store(let store) = way { store.close() }
    }

    func list() throws(KeysError) -> [KeyResource] {
        switch way {
        case .service(let client): return try client.list()
        case .store(let store):
            do throws(JobStoreError) {
                let usages = Dictionary(try store.usages().map { ($0.keyName, $0) }) { first, _ in first }
                return try store.keys().map { KeyResource($0, usage: usages[$0.name]) }
            } catch { throw .store(error) }
        }
    }

    /// Gives the key's text.
    func create(name: String, quotaBytes: UInt64?) throws(KeysError) -> String {
        switch way {
        case .service(let client): return try client.create(name: name, quotaBytes: quotaBytes)
        case .store(let store):
            let (key, text) = KeyIssuing.issue(name: name, quotaBytes: quotaBytes)
            do throws(JobStoreError) { try store.add(key) } catch { throw .store(error) }
            return text
        }
    }

    func remove(name: String) throws(KeysError) {
        guard let key = try list().first(where: { $0.name == name }) else { throw .noSuchKey(name) }
        switch way {
        case .service(let client): try client.remove(id: key.id)
        case .store(let store):
            let isRemoved: Bool
            do throws(JobStoreError) { isRemoved = try store.removeKey(id: key.id) } catch { throw .store(error) }
            if !isRemoved { throw .noSuchKey(name) }
        }
    }
}

/// Asks a running service about keys, with its admin token.
private struct AdminClient {
    private static let timeoutNanoseconds: UInt64 = 30_000_000_000

    let address: String
    private let client: HTTPClient
    private let headers: HTTPHeaders

    init(listen: String, token: String) throws(KeysError) {
        address = listen
        headers = ["Authorization": "Bearer \(token)", "Content-Type": "application/json"]
        do {
            client = try HTTPClient(endpoint: HTTPEndpoint(url: listen.hasPrefix("unix:") ? listen : "http://\(listen)/"))
        } catch { throw .service(address: listen, "\(error)") }
    }

    func list() throws(KeysError) -> [KeyResource] {
        try decode(KeyListResource.self, from: try send(.get, "/api/v1/keys", expecting: 200)).keys
    }

    func create(name: String, quotaBytes: UInt64?) throws(KeysError) -> String {
        // A name has no character that JSON escapes.
        let body = "{\"name\":\"\(name)\",\"quota_bytes\":\(quotaBytes.map { "\($0)" } ?? "null")}"
        let key = try decode(KeyResource.self, from: try send(.post, "/api/v1/keys", body: Array(body.utf8), expecting: 201))
        guard let text = key.key else { throw .service(address: address, "it answered without the key") }
        return text
    }

    func remove(id: String) throws(KeysError) { _ = try send(.delete, "/api/v1/keys/\(id)", expecting: 204) }

    private func send(_ method: HTTPMethod, _ target: String, body: [UInt8] = [], expecting status: Int) throws(KeysError) -> [UInt8] {
        let response: HTTPResponse
        do throws(HTTPClientError) {
            response = try client.send(
                method: method, target: target, headers: headers, bytes: body, timeoutNanoseconds: Self.timeoutNanoseconds)
        } catch { throw .service(address: address, "\(error)") }
        if response.status == status { return response.body }
        struct Told: Decodable { var detail: String }
        let detail = (try? JSONDecoder().decode(Told.self, from: Data(response.body)))?.detail
        throw .service(address: address, detail ?? "it answered \(response.status)")
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(KeysError) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw .service(address: address, "its answer can't be read; is it transcode-service?")
        }
    }
}
