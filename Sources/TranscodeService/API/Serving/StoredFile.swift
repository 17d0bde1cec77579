import Glibc
import HTTP
import SystemIO

/// A file that never changes, as an answer: with ranges and conditions (RFC 9110 §13 and §14).
struct StoredFile {
    var path: String
    var contentType: String
    /// What a browser saves it as: ASCII without quotes.
    var downloadName: String
    /// In quotes; strong: the same bytes as long as it is the same.
    var entityTag: String

    /// nil: there is no such file.
    func response(to method: HTTPMethod, _ conditions: HTTPHeaders) throws(Problem) -> HTTPResponse? {
        guard let file = try open() else { return nil }
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus(ofDescriptor: file) } catch { throw Self.unreadable(error) }
        guard status.kind == .regular else { return nil }
        let modifiedSeconds = Int(status.modifiedNanoseconds / 1_000_000_000)
        var headers: HTTPHeaders = [
            "ETag": entityTag, "Last-Modified": HTTPDate.format(modifiedSeconds), "Accept-Ranges": "bytes", "Cache-Control": "private",
        ]
        switch outcome(conditions, modifiedSeconds) {
        case .failed: throw Problem(412, "The file is not the one that If-Match or If-Unmodified-Since names.", headers: headers)
        case .notModified: return HTTPResponse(status: 304, headers: headers)
        case .proceed: break
        }
        // Only GET has ranges (RFC 9110 §14.2).
        let range =
            method == .get && isRangeWanted(conditions, modifiedSeconds)
            ? conditions.first("Range").map { ByteRange($0, of: status.size) } ?? .whole : .whole
        headers.append("Content-Type", contentType)
        headers.append("X-Content-Type-Options", "nosniff")
        headers.append("Content-Disposition", "attachment; filename=\"\(downloadName)\"")
        switch range {
        case .unsatisfiable:
            throw Problem(
                416, "The file has \(status.size) bytes; none of them is in the range.",
                headers: ["Content-Range": "bytes */\(status.size)", "Accept-Ranges": "bytes"])
        case .whole:
            var response = HTTPResponse(status: 200, headers: headers)
            response.file = HTTPFileRange(of: file, start: 0, count: status.size)
            return response
        case .part(let part):
            headers.append("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(status.size)")
            var response = HTTPResponse(status: 206, headers: headers)
            response.file = HTTPFileRange(of: file, start: part.lowerBound, count: part.upperBound - part.lowerBound)
            return response
        }
    }

    private func open() throws(Problem) -> FileDescriptor? {
        do throws(SystemError) { return try FileDescriptor(opening: path, O_RDONLY | O_NOFOLLOW) } catch {
            if error.code == ENOENT { return nil }
            throw Self.unreadable(error)
        }
    }

    private static func unreadable(_ error: SystemError) -> Problem { Problem(500, "The file can't be read: \(error.reason).") }

    private enum Outcome {
        case proceed
        case notModified
        case failed
    }

    /// In the order of RFC 9110 §13.2.2.
    private func outcome(_ conditions: HTTPHeaders, _ modifiedSeconds: Int) -> Outcome {
        if conditions.contains("If-Match") {
            let tags = conditions.listMembers("If-Match")
            if tags != ["*"] && !tags.contains(entityTag) { return .failed }
        } else if let limit = conditions.first("If-Unmodified-Since").flatMap(HTTPDate.parse), modifiedSeconds > limit {
            return .failed
        }
        if conditions.contains("If-None-Match") {
            let tags = conditions.listMembers("If-None-Match").map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
            if tags == ["*"] || tags.contains(entityTag) { return .notModified }
        } else if let since = conditions.first("If-Modified-Since").flatMap(HTTPDate.parse), modifiedSeconds <= since {
            return .notModified
        }
        return .proceed
    }

    /// `If-Range`: the range is for this very file only (RFC 9110 §13.1.5).
    private func isRangeWanted(_ conditions: HTTPHeaders, _ modifiedSeconds: Int) -> Bool {
        guard let condition = conditions.first("If-Range") else { return true }
        return condition.hasPrefix("\"") ? condition == entityTag : HTTPDate.parse(condition) == modifiedSeconds
    }
}
