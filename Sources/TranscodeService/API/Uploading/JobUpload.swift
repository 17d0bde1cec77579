import Glibc
import HTTP
import JobStore
import Synchronization
import SystemIO

/// `POST /api/v1/jobs`: takes an upload off the wire into a file, and makes a job of it.
final class JobUpload: HTTPBodyConsumer {
    /// A form's boundaries and heads come on top of the file.
    private static let formBytes = 64 << 10
    /// How often the room on the disk is looked at.
    private static let spaceCheckBytes: UInt64 = 64 << 20

    private struct State: ~Copyable {
        var file: UploadFile?
        var form: MultipartParser?
        var fileName: String?
        var hasFile = false
        var reservedBytes: UInt64 = 0
        var nextSpaceCheck: UInt64
    }

    private let call: APICall
    private let key: APIKey
    private let parts: APIParts
    /// What the key's jobs hold; nil without a quota.
    private let usage: StorageUsage?
    private let state: Mutex<State>

    /// Of the request's body.
    let bodyLimitBytes: Int

    /// Throws what is wrong by the head alone: before the client has sent anything of the file.
    init(_ call: APICall, key: APIKey, parts: APIParts) throws(Problem) {
        self.call = call
        self.key = key
        self.parts = parts
        let format = try UploadFormat(call.head)
        var form: MultipartParser?
        var fileName: String?
        switch format.framing {
        case .form(let parser, let name): (form, fileName) = (parser, name)
        case .raw(let name): fileName = name
        }
        let limit = Int(clamping: parts.uploadBytes)
        bodyLimitBytes = form == nil ? limit : limit.addingReportingOverflow(Self.formBytes).overflow ? .max : limit + Self.formBytes
        let declared = call.head.declaredBodyBytes
        if let declared, declared > bodyLimitBytes { throw Self.tooLarge(parts.uploadBytes) }
        if declared == 0 { throw Self.empty }
        if key.quotaBytes == nil {
            usage = nil
        } else {
            do throws(JobStoreError) { usage = try call.store.usage(of: key) } catch { throw Problem(error) }
        }
        // A form is a little longer than its file.
        let expected = UInt64(max(0, (declared ?? 0) - (form == nil ? 0 : Self.formBytes)))
        if let usage, let quota = usage.quotaBytes {
            let used = usage.usedBytes + parts.reservations.add(0, to: key.id)
            parts.reservations.remove(0, from: key.id)
            if used > quota || expected > quota - used { throw Self.overQuota(call, key, parts, used: used, quota: quota) }
        }
        try Self.checkSpace(for: expected, parts)
        do throws(SystemError) {
            state = Mutex(
                State(
                    file: try UploadFile(named: UUIDv7.next(), in: parts.files), form: form, fileName: fileName,
                    nextSpaceCheck: Self.spaceCheckBytes))
        } catch { throw Self.storageProblem(error) }
    }

    // MARK: The body

    func receive(_ bytes: [UInt8]) -> HTTPResponse? {
        let problem = state.withLock { state -> Problem? in
            do throws(Problem) {
                try take(bytes, &state)
                return nil
            } catch { return error }
        }
        return problem.map { refuse($0) }
    }

    func finish() -> HTTPResponse {
        let result: Result<Job, Problem> = state.withLock { state in
            do throws(Problem) { return .success(try makeJob(&state)) } catch { return .failure(error) }
        }
        switch result {
        case .failure(let problem): return refuse(problem)
        case .success(let job):
            release()
            parts.telemetry.events.jobCreated(job, in: call.span)
            call.span.set("job.id", .string(job.id))
            var response = JSONMessage.response(JobResource(job), status: 201)
            response.headers.append("Location", JobResource.path(of: job.id))
            call.end(201, jobID: job.id)
            return response
        }
    }

    func interrupt(_ cause: HTTPBodyInterruption) -> HTTPResponse {
        if case .tooLarge = cause { return refuse(Self.tooLarge(parts.uploadBytes)) }
        let text = cause.description
        return refuse(Problem(cause.status, text.prefix(1).uppercased() + text.dropFirst() + "."))
    }

    /// Nothing of the upload is left after it.
    private func refuse(_ problem: Problem) -> HTTPResponse {
        state.withLock { $0.file = nil }
        release()
        call.end(problem.status, error: problem.status >= 500 ? ProblemText(problem) : nil)
        return problem.response
    }

    private func release() {
        let reserved = state.withLock { state in
            defer { state.reservedBytes = 0 }
            return state.reservedBytes
        }
        parts.reservations.remove(reserved, from: key.id)
    }

    // MARK: Steps

    private func take(_ bytes: [UInt8], _ state: inout State) throws(Problem) {
        guard var form = state.form else { return try append(bytes[...], &state) }
        do throws(MultipartError<Problem>) {
            try form.parse(bytes) { (event) throws(Problem) in
                switch event {
                case .part(let part):
                    if part.name != UploadFormat.fieldName {
                        throw Problem(400, "The form has one field, `\(UploadFormat.fieldName)`, which holds the file.")
                    }
                    if state.hasFile { throw Problem(400, "The form has more than one file; make a job of each.") }
                    state.hasFile = true
                    let name = try part.fileName.map(UploadName.check)
                    state.fileName = state.fileName ?? name ?? UploadName.fallback
                case .data(let data): try append(data, &state)
                case .partEnd: break
                }
            }
        } catch {
            switch error {
            case .consumer(let problem): throw problem
            case .form(let failure): throw Self.badForm(failure)
            }
        }
        state.form = form
    }

    private func append(_ bytes: ArraySlice<UInt8>, _ state: inout State) throws(Problem) {
        let count = UInt64(bytes.count)
        let size = (state.file?.byteCount ?? 0) + count
        if size > parts.uploadBytes { throw Self.tooLarge(parts.uploadBytes) }
        let onTheirWay = parts.reservations.add(count, to: key.id)
        state.reservedBytes += count
        if let usage, let quota = usage.quotaBytes, onTheirWay > quota || usage.usedBytes > quota - onTheirWay {
            throw Self.overQuota(call, key, parts, used: usage.usedBytes + onTheirWay - count, quota: quota)
        }
        if size >= state.nextSpaceCheck {
            state.nextSpaceCheck = size + Self.spaceCheckBytes
            try Self.checkSpace(for: Self.spaceCheckBytes, parts)
        }
        do throws(SystemError) {
            try bytes.span.bytes.withUnsafeBytes { (raw) throws(SystemError) in try state.file?.append(raw) }
        } catch { throw Self.storageProblem(error) }
    }

    private func makeJob(_ state: inout State) throws(Problem) -> Job {
        if let form = state.form {
            do throws(MultipartParser.Failure) { try form.finish() } catch { throw Self.badForm(error) }
        }
        guard let fileName = state.fileName, state.form == nil || state.hasFile else {
            throw Problem(400, "The form has no field `\(UploadFormat.fieldName)`, which holds the file.")
        }
        guard let size = state.file?.byteCount, size > 0 else { throw Self.empty }
        let context = call.span.context
        let job = Job(
            id: UUIDv7.next(), keyID: key.id, keyName: key.name, fileName: fileName, inputBytes: size,
            createdAt: SystemClock.wallNanoseconds(), traceparent: context.traceparent,
            tracestate: context.state.isEmpty ? nil : context.state)
        do throws(SystemError) { try state.file?.publish(as: job.id, in: parts.files) } catch { throw Self.storageProblem(error) }
        do throws(JobStoreError) { try call.store.create(job) } catch {
            switch found(job) {
            case .stored: return job
            case .notStored: try? parts.files.removeAll(job.id)
            // The file stays: there may be a job for it. Without one, it is swept up later.
            case .unknown: break
            }
            if case .quotaExceeded(let used, let quota) = error { throw Self.overQuota(call, key, parts, used: used, quota: quota) }
            throw Problem(error)
        }
        return job
    }

    private enum Found {
        case stored
        case notStored
        case unknown
    }

    /// A store that was lost while it was to store the job may have done so.
    private func found(_ job: Job) -> Found {
        do throws(JobStoreError) { return try call.store.job(id: job.id) == nil ? .notStored : .stored } catch { return .unknown }
    }

    // MARK: Problems

    private static let empty = Problem(400, "The upload is empty.")

    private static func tooLarge(_ limit: UInt64) -> Problem { Problem(413, "The upload has more than \(limit) bytes.") }

    private static func badForm(_ failure: MultipartParser.Failure) -> Problem {
        Problem(400, "The body is no multipart/form-data: \(failure).")
    }

    private static func overQuota(_ call: APICall, _ key: APIKey, _ parts: APIParts, used: UInt64, quota: UInt64) -> Problem {
        parts.telemetry.events.storageQuotaExceeded(apiKey: key.name, usedBytes: used, quotaBytes: quota, in: call.span)
        return .quotaExceeded(usedBytes: used, quotaBytes: quota)
    }

    private static func checkSpace(for bytes: UInt64, _ parts: APIParts) throws(Problem) {
        do throws(SystemError) {
            let free = try FileSystemSpace.availableBytes(at: parts.files.dataDirectory)
            if free < parts.reservedDiskBytes || free - parts.reservedDiskBytes < bytes {
                throw SystemError(call: "write", subject: "", code: ENOSPC)
            }
        } catch { throw storageProblem(error) }
    }

    private static func storageProblem(_ error: SystemError) -> Problem {
        switch error.code {
        case ENOSPC, EDQUOT: Problem(507, "The service has no room for the upload.", headers: ["Retry-After": "300"])
        default: Problem(500, "The upload can't be stored: \(error.call): \(error.reason).")
        }
    }
}
