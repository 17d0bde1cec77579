import CommandLineInterface
import HTTP

/// What `/openapi.json` serves: the API in OpenAPI 3.1. Tests compare it with the routes, and with what the service answers.
enum OpenAPIDocument {
    static var response: HTTPResponse {
        HTTPResponse(
            status: 200, headers: ["Content-Type": "application/json", "Cache-Control": "no-cache"], body: Array(text.utf8),
            mayCompress: true)
    }

    static let text = #"""
        {
          "openapi": "3.1.0",
          "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
          "info": {
            "title": "transcode-service",
            "version": "\#(Release.version)",
            "summary": "Transcodes videos.",
            "description": "Upload a video as a job, ask for the job until it is completed, and fetch its outputs. A key sees its own jobs only. Every error is a problem (RFC 9457). Any request can also be answered 400 (it is no HTTP), 408 (it took too long), 414, 431 (its head is too large), 500 and 503 (too much at once).",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
          },
          "servers": [ { "url": "/" } ],
          "tags": [
            { "name": "jobs", "description": "Uploads, and what becomes of them" },
            { "name": "keys", "description": "Who may use the API; there only when the service has an admin token" },
            { "name": "operating", "description": "For whoever operates the service" },
            { "name": "debugging", "description": "What the process does; there only when the service has an admin token" }
          ],
          "paths": {
            "/api/v1/jobs": {
              "get": {
                "operationId": "listJobs", "tags": ["jobs"], "summary": "The key's jobs, the newest first",
                "security": [ { "apiKey": [] } ],
                "parameters": [
                  { "name": "status", "in": "query", "description": "Only jobs in this status", "schema": { "$ref": "#/components/schemas/JobStatus" } },
                  { "name": "limit", "in": "query", "description": "How many at most", "schema": { "type": "integer", "minimum": 1, "maximum": 200, "default": 50 } },
                  { "name": "cursor", "in": "query", "description": "`next_cursor` of the page before", "schema": { "$ref": "#/components/schemas/ID" } }
                ],
                "responses": {
                  "200": { "description": "A page of jobs", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/JobList" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              },
              "post": {
                "operationId": "createJob", "tags": ["jobs"], "summary": "Upload a video as a new job",
                "description": "The body is the file, or a form with the file in its field `file`. It is refused by its head alone where that shows that it can't be taken: send `Expect: 100-continue` to learn so before sending it.",
                "security": [ { "apiKey": [] } ],
                "parameters": [
                  { "name": "X-File-Name", "in": "header", "description": "What the file is called, percent-encoded where it is not ASCII; goes before the name in a form. A plain name, no path. For a body that is the file, Content-Disposition does as well.", "schema": { "type": "string", "pattern": "^(?!\\.\\.?$)[!-$&-.0-\\[\\]-~]([ -$&-.0-\\[\\]-~]{0,252}[!-$&-.0-\\[\\]-~])?$" } }
                ],
                "requestBody": {
                  "required": true,
                  "content": {
                    "multipart/form-data": {
                      "schema": {
                        "type": "object", "required": ["file"], "additionalProperties": false,
                        "properties": { "file": { "type": "string", "format": "binary", "minLength": 1 } }
                      }
                    },
                    "application/octet-stream": { "schema": { "type": "string", "format": "binary", "minLength": 1 } },
                    "video/mp4": { "schema": { "type": "string", "format": "binary", "minLength": 1 } }
                  }
                },
                "responses": {
                  "201": {
                    "description": "The job waits for a worker",
                    "headers": { "Location": { "description": "Where the job is", "required": true, "schema": { "type": "string", "format": "uri-reference" } } },
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } },
                    "links": {
                      "show": { "operationId": "showJob", "parameters": { "id": "$response.body#/id" } },
                      "delete": { "operationId": "deleteJob", "parameters": { "id": "$response.body#/id" } }
                    }
                  },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "408": { "$ref": "#/components/responses/Problem" },
                  "411": { "$ref": "#/components/responses/Problem" },
                  "413": { "description": "The file is larger than the service takes, or the key's storage quota would be passed (`urn:tailspan:problem:quota-exceeded`)", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
                  "415": { "$ref": "#/components/responses/Problem" },
                  "507": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/jobs/{id}": {
              "parameters": [ { "$ref": "#/components/parameters/ID" } ],
              "get": {
                "operationId": "showJob", "tags": ["jobs"], "summary": "One job",
                "security": [ { "apiKey": [] } ],
                "responses": {
                  "200": { "description": "The job as it is now", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              },
              "delete": {
                "operationId": "deleteJob", "tags": ["jobs"], "summary": "Cancel a job, or remove one that has reached its end",
                "description": "A job that is queued is cancelled at once (200). One that is processing is asked to stop (202); it is cancelled soon after. One that is completed, failed or cancelled is removed with all its files (204).",
                "security": [ { "apiKey": [] } ],
                "responses": {
                  "200": { "description": "The job was queued, and is cancelled", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                  "202": { "description": "The job is processing, and will be cancelled", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } } },
                  "204": { "description": "The job had reached its end, and is gone with its files" },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "409": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/jobs/{id}/outputs/{resolution}": {
              "parameters": [
                { "$ref": "#/components/parameters/ID" },
                { "name": "resolution", "in": "path", "required": true, "schema": { "enum": ["360p", "720p"] } }
              ],
              "get": {
                "operationId": "fetchOutput", "tags": ["jobs"], "summary": "A transcoded file of a completed job",
                "description": "With one range of bytes, that part. `ETag` and `Last-Modified` serve conditions.",
                "security": [ { "apiKey": [] } ],
                "parameters": [ { "$ref": "#/components/parameters/Range" } ],
                "responses": {
                  "200": { "$ref": "#/components/responses/Video" },
                  "206": { "$ref": "#/components/responses/Video" },
                  "304": { "description": "The file is the one that If-None-Match or If-Modified-Since names" },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "409": { "description": "The job is not completed (`urn:tailspan:problem:job-not-completed`)", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
                  "412": { "$ref": "#/components/responses/Problem" },
                  "416": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/jobs/{id}/transcript": {
              "parameters": [ { "$ref": "#/components/parameters/ID" } ],
              "get": {
                "operationId": "fetchTranscript", "tags": ["jobs"], "summary": "The transcript of a completed job",
                "security": [ { "apiKey": [] } ],
                "parameters": [ { "$ref": "#/components/parameters/Range" } ],
                "responses": {
                  "200": { "$ref": "#/components/responses/Text" },
                  "206": { "$ref": "#/components/responses/Text" },
                  "304": { "description": "The file is the one that If-None-Match or If-Modified-Since names" },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "409": { "$ref": "#/components/responses/Problem" },
                  "412": { "$ref": "#/components/responses/Problem" },
                  "416": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/usage": {
              "get": {
                "operationId": "showUsage", "tags": ["jobs"], "summary": "What the key's jobs hold, and its quota",
                "security": [ { "apiKey": [] } ],
                "responses": {
                  "200": { "description": "The key's usage", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Usage" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/keys": {
              "get": {
                "operationId": "listKeys", "tags": ["keys"], "summary": "All API keys, without their texts",
                "security": [ { "adminToken": [] } ],
                "responses": {
                  "200": { "description": "The keys, the oldest first", "content": { "application/json": { "schema": { "type": "object", "required": ["keys"], "properties": { "keys": { "type": "array", "items": { "$ref": "#/components/schemas/Key" } } } } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              },
              "post": {
                "operationId": "createKey", "tags": ["keys"], "summary": "Make a new API key",
                "security": [ { "adminToken": [] } ],
                "requestBody": {
                  "required": true,
                  "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewKey" } } }
                },
                "responses": {
                  "201": {
                    "description": "The key; its text is shown only here", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Key" } } },
                    "links": { "delete": { "operationId": "deleteKey", "parameters": { "id": "$response.body#/id" } } }
                  },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "409": { "description": "There is one with this name (`urn:tailspan:problem:key-name-taken`)", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
                  "413": { "$ref": "#/components/responses/Problem" },
                  "415": { "$ref": "#/components/responses/Problem" },
                  "422": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/api/v1/keys/{id}": {
              "parameters": [ { "$ref": "#/components/parameters/ID" } ],
              "delete": {
                "operationId": "deleteKey", "tags": ["keys"], "summary": "Remove an API key; its jobs stay",
                "security": [ { "adminToken": [] } ],
                "responses": {
                  "204": { "description": "It is gone" },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "404": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/healthz": {
              "get": {
                "operationId": "health", "tags": ["operating"], "summary": "Whether the service runs",
                "responses": {
                  "200": { "description": "It does", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/State" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/ready": {
              "get": {
                "operationId": "readiness", "tags": ["operating"], "summary": "Whether requests can be answered: the job store can be used",
                "responses": {
                  "200": { "description": "They can", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/State" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "503": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/metrics": {
              "get": {
                "operationId": "metrics", "tags": ["operating"], "summary": "State for Prometheus, as text 0.0.4 or OpenMetrics 1.0",
                "responses": {
                  "200": {
                    "description": "All families",
                    "content": { "text/plain": { "schema": { "type": "string" } }, "application/openmetrics-text": { "schema": { "type": "string" } } }
                  },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/debug/pprof/profile": {
              "get": {
                "operationId": "profile", "tags": ["debugging"], "summary": "A CPU profile, as go tool pprof reads it",
                "description": "Takes as long as it says. One is taken at a time. There only when the service has an admin token.",
                "security": [ { "adminToken": [] } ],
                "parameters": [
                  { "name": "seconds", "in": "query", "description": "For how long", "schema": { "type": "integer", "minimum": 1, "maximum": 60, "default": 30 } }
                ],
                "responses": {
                  "200": { "description": "The profile", "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "409": { "$ref": "#/components/responses/Problem" },
                  "501": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/debug/pprof/folded": {
              "get": {
                "operationId": "foldedProfile", "tags": ["debugging"], "summary": "A CPU profile as folded stacks",
                "description": "Takes as long as it says. One is taken at a time. There only when the service has an admin token.",
                "security": [ { "adminToken": [] } ],
                "parameters": [
                  { "name": "seconds", "in": "query", "description": "For how long", "schema": { "type": "integer", "minimum": 1, "maximum": 60, "default": 30 } }
                ],
                "responses": {
                  "200": { "description": "The profile", "content": { "text/plain": { "schema": { "type": "string" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "409": { "$ref": "#/components/responses/Problem" },
                  "501": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/debug/vars": {
              "get": {
                "operationId": "variables", "tags": ["debugging"], "summary": "Memory, threads, descriptors and queues of the process",
                "security": [ { "adminToken": [] } ],
                "responses": {
                  "200": { "description": "Sizes in bytes, times in seconds", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "401": { "$ref": "#/components/responses/Unauthorized" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            },
            "/openapi.json": {
              "get": {
                "operationId": "document", "tags": ["operating"], "summary": "This document",
                "responses": {
                  "200": { "description": "OpenAPI 3.1", "content": { "application/json": { "schema": { "type": "object" } } } },
                  "400": { "$ref": "#/components/responses/Problem" },
                  "default": { "$ref": "#/components/responses/Problem" }
                }
              }
            }
          },
          "components": {
            "securitySchemes": {
              "apiKey": { "type": "apiKey", "in": "header", "name": "X-API-Key" },
              "adminToken": { "type": "http", "scheme": "bearer" }
            },
            "parameters": {
              "ID": { "name": "id", "in": "path", "required": true, "schema": { "$ref": "#/components/schemas/ID" } },
              "Range": { "name": "Range", "in": "header", "description": "One range of bytes (RFC 9110 §14); several are answered with the whole file", "schema": { "type": "string", "examples": ["bytes=0-1023", "bytes=-1000"] } }
            },
            "responses": {
              "Problem": { "description": "What is wrong", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
              "Unauthorized": {
                "description": "No key or token, or one that is not known",
                "headers": { "WWW-Authenticate": { "required": true, "schema": { "type": "string" } } },
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
              },
              "Video": { "description": "The file, or a part of it", "content": { "video/mp4": { "schema": { "type": "string", "format": "binary" } } } },
              "Text": { "description": "The text, or a part of it", "content": { "text/plain": { "schema": { "type": "string" } } } }
            },
            "schemas": {
              "ID": { "type": "string", "format": "uuid", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$" },
              "Time": { "type": "string", "format": "date-time" },
              "Bytes": { "type": "integer", "minimum": 0 },
              "State": { "type": "object", "required": ["status"], "properties": { "status": { "enum": ["ok", "ready"] } } },
              "JobStatus": { "enum": ["queued", "processing", "completed", "failed", "cancelled"] },
              "Job": {
                "type": "object", "additionalProperties": false,
                "required": ["id", "status", "filename", "input_bytes", "created_at", "progress", "attempts", "cancelling", "outputs"],
                "properties": {
                  "id": { "$ref": "#/components/schemas/ID" },
                  "status": { "$ref": "#/components/schemas/JobStatus" },
                  "filename": { "type": "string", "minLength": 1 },
                  "input_bytes": { "$ref": "#/components/schemas/Bytes" },
                  "created_at": { "$ref": "#/components/schemas/Time" },
                  "started_at": { "$ref": "#/components/schemas/Time" },
                  "finished_at": { "$ref": "#/components/schemas/Time" },
                  "progress": { "type": "number", "minimum": 0, "maximum": 1 },
                  "attempts": { "type": "integer", "minimum": 0, "description": "How often a worker has taken it" },
                  "cancelling": { "type": "boolean", "description": "It was asked to stop, and still runs" },
                  "media": {
                    "type": "object", "additionalProperties": false,
                    "required": ["duration_seconds", "width", "height", "video_codec"],
                    "properties": {
                      "duration_seconds": { "type": "number", "minimum": 0 },
                      "width": { "type": "integer" }, "height": { "type": "integer" },
                      "video_codec": { "type": "string" }, "audio_codec": { "type": "string" }
                    }
                  },
                  "outputs": {
                    "type": "array",
                    "items": {
                      "type": "object", "additionalProperties": false,
                      "required": ["resolution", "bytes", "transcode_seconds", "compression_ratio", "url"],
                      "properties": {
                        "resolution": { "enum": ["360p", "720p"] },
                        "bytes": { "$ref": "#/components/schemas/Bytes" },
                        "transcode_seconds": { "type": "number", "minimum": 0 },
                        "compression_ratio": { "type": "number", "minimum": 0, "description": "Bytes of the output ÷ bytes of the upload" },
                        "url": { "type": "string", "format": "uri-reference" }
                      }
                    }
                  },
                  "transcript": {
                    "type": "object", "additionalProperties": false,
                    "required": ["model", "words", "bytes", "seconds", "url"],
                    "properties": {
                      "model": { "type": "string" }, "words": { "type": "integer", "minimum": 0 },
                      "bytes": { "$ref": "#/components/schemas/Bytes" }, "seconds": { "type": "number", "minimum": 0 },
                      "url": { "type": "string", "format": "uri-reference" }
                    }
                  },
                  "failure": {
                    "type": "object", "additionalProperties": false, "required": ["type", "message"],
                    "properties": {
                      "type": { "enum": ["probe", "transcode", "transcription", "storage", "timeout", "unknown"] },
                      "message": { "type": "string" }
                    }
                  }
                }
              },
              "JobList": {
                "type": "object", "additionalProperties": false, "required": ["jobs"],
                "properties": {
                  "jobs": { "type": "array", "items": { "$ref": "#/components/schemas/Job" } },
                  "next_cursor": { "$ref": "#/components/schemas/ID" }
                }
              },
              "Usage": {
                "type": "object", "additionalProperties": false, "required": ["api_key", "jobs", "used_bytes"],
                "properties": {
                  "api_key": { "type": "string", "description": "The key's name" },
                  "jobs": { "type": "integer", "minimum": 0 },
                  "used_bytes": { "$ref": "#/components/schemas/Bytes" },
                  "quota_bytes": { "$ref": "#/components/schemas/Bytes" }
                }
              },
              "NewKey": {
                "type": "object", "additionalProperties": false, "required": ["name"],
                "properties": {
                  "name": { "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$", "description": "Unique; what logs and metrics show" },
                  "quota_bytes": { "type": ["integer", "null"], "minimum": 0, "maximum": 9223372036854775807, "description": "Of uploads and outputs together; null: no limit" }
                }
              },
              "Key": {
                "type": "object", "additionalProperties": false, "required": ["id", "name", "created_at", "jobs", "used_bytes"],
                "properties": {
                  "id": { "$ref": "#/components/schemas/ID" },
                  "name": { "type": "string" },
                  "created_at": { "$ref": "#/components/schemas/Time" },
                  "quota_bytes": { "$ref": "#/components/schemas/Bytes" },
                  "jobs": { "type": "integer", "minimum": 0 },
                  "used_bytes": { "$ref": "#/components/schemas/Bytes" },
                  "key": { "type": "string", "description": "For X-API-Key" }
                }
              },
              "Problem": {
                "type": "object", "required": ["type", "title", "status", "detail"],
                "properties": {
                  "type": { "type": "string", "format": "uri-reference" },
                  "title": { "type": "string" },
                  "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                  "detail": { "type": "string" }
                }
              }
            }
          }
        }

        """#
}
