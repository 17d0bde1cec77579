import FoundationEssentials
import HTTP
import JobStore

/// `/api/v1/keys`, for administrators.
struct KeyRoutes {
    private let call: APICall
    private let parts: APIParts

    init(_ call: APICall, _ parts: APIParts) {
        self.call = call
        self.parts = parts
    }

    func create(_ body: [UInt8]) throws(Problem) -> Answer {
        guard let type = call.head.headers.first("Content-Type"), HeaderParameters(type)?.value == "application/json" else {
            throw Problem.unsupportedMediaType("A new key is described by JSON (application/json).", accepted: "application/json")
        }
        let wish = try KeyWish(body)
        let (key, text) = KeyIssuing.issue(name: wish.name, quotaBytes: wish.quotaBytes)
        do throws(JobStoreError) { try call.store.add(key) } catch { throw Problem(error) }
        return Answer(JSONMessage.response(KeyResource(key, usage: nil, text: text), status: 201))
    }

    func list() throws(Problem) -> Answer {
        do throws(JobStoreError) {
            let usages = Dictionary(try call.store.usages().map { ($0.keyName, $0) }) { first, _ in first }
            return Answer(
                JSONMessage.response(KeyListResource(keys: try call.store.keys().map { KeyResource($0, usage: usages[$0.name]) })))
        } catch { throw Problem(error) }
    }

    func delete() throws(Problem) -> Answer {
        let id = call.match.values["id"] ?? ""
        do throws(JobStoreError) {
            if UUIDv7.isCanonical(id), try call.store.removeKey(id: id) { return Answer(HTTPResponse(status: 204)) }
        } catch { throw Problem(error) }
        throw Problem.notFound("There is no such key.")
    }
}

/// `{ "name": "studio", "quota_bytes": 10737418240 }`
struct KeyWish: Equatable {
    var name: String
    var quotaBytes: UInt64?

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct Members: Decodable {
        var names: [String]
        var name: String?
        var quotaBytes: UInt64?
        var wrong: String?

        init(from decoder: any Decoder) throws {
            let members = try decoder.container(keyedBy: AnyKey.self)
            names = members.allKeys.map(\.stringValue)
            name = try? members.decodeIfPresent(String.self, forKey: AnyKey(stringValue: "name"))
            let quota = AnyKey(stringValue: "quota_bytes")
            do { quotaBytes = try members.decodeIfPresent(UInt64.self, forKey: quota) } catch { wrong = "quota_bytes" }
        }
    }

    init(_ body: [UInt8]) throws(Problem) {
        let members: Members
        do { members = try JSONDecoder().decode(Members.self, from: Data(body)) } catch {
            throw Problem(400, "The body is no JSON object, such as {\"name\": \"studio\", \"quota_bytes\": 10737418240}.")
        }
        if let unknown = members.names.first(where: { $0 != "name" && $0 != "quota_bytes" }) {
            throw Problem(422, "A key has `name` and `quota_bytes`, not `\(unknown.prefix(32))`.")
        }
        guard let name = members.name else { throw Problem(422, "`name` is missing, or no text.") }
        if let problem = KeyIssuing.problem(withName: name) { throw Problem(422, "`name` can't be that: \(problem).") }
        // What databases hold in a column of 64 bits.
        if members.wrong != nil || members.quotaBytes ?? 0 > Int64.max {
            throw Problem(422, "`quota_bytes` is no whole number of bytes, from 0 to \(Int64.max); null is no limit.")
        }
        self.name = name
        quotaBytes = members.quotaBytes
    }
}
