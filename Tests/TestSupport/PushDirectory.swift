import Foundation
import Gzip

/// What a `directory` output has stored.
package struct PushDirectory {
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    /// Body by body, in their order.
    package let requests: [LokiPushRequest]

    package init(_ path: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".json.gz") }.sorted()
        requests = try names.map { name in
            let bytes = [UInt8](FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data())
            guard let request = LokiPushRequest(json: try GzipDecoder.decompress(bytes, maximumBytes: 64 << 20)) else {
                throw Malformed(description: "\(path)/\(name) is no push body")
            }
            return request
        }
    }

    /// What a Loki would hold after these pushes: in order of arrival, without copies.
    package var streams: [[String: String]: [LokiSinkModel.Stored]] {
        var model = LokiSinkModel()
        for request in requests { _ = model.push(request) }
        return model.streams
    }
}
