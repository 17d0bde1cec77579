/// The recipes of `config/recipes`, so that a configuration can name them wherever the program runs. Written by
/// `bench/recipes.py --write`; a test compares them.
extension EmbeddedConfiguration {
    static let recipes = [
        "airflow": airflowRecipe,
        "celery": celeryRecipe,
        "containers": containersRecipe,
        "levels": levelsRecipe,
        "minio": minioRecipe,
        "nginx": nginxRecipe,
        "postgresql": postgresqlRecipe,
        "redis": redisRecipe,
        "syslog": syslogRecipe,
        "transcode": transcodeRecipe,
    ]

    static let airflowRecipe = #"""
        // Airflow 2, from its scheduler's and tasks' logs; the sources that give the fields are in config/examples/airflow.json5.
        {
          description: "Airflow: tasks, DAG runs, durations",
          metrics: [
            { name: "airflow_task_instances_total", type: "counter", help: "Task instances that finished, by state; up_for_retry: they will be tried again",
              where: { task_state: { exists: true } },
              labels: { dag: "$task_dag", task: "$task_id", state: "$task_state" },
              max_series: 2000 },
            { name: "airflow_task_duration_seconds", type: "histogram", help: "Durations of task instances",
              where: { task_seconds: { matches: "^[0-9]" } },
              labels: { dag: "$task_dag", task: "$task_id" },
              value: "$task_seconds",
              buckets: [0.1, 1, 10, 60, 300, 900, 3600, 14400, 86400],
              max_series: 500 },
            { name: "airflow_dag_runs_total", type: "counter", help: "DAG runs that finished, by state",
              where: { run_state: { exists: true } },
              labels: { dag: "$run_dag", state: "$run_state" },
              max_series: 500 },
            { name: "airflow_dag_run_duration_seconds", type: "histogram", help: "Durations of DAG runs",
              where: { run_state: { exists: true } },
              labels: { dag: "$run_dag" },
              value: "$run_seconds",
              buckets: [1, 10, 60, 300, 900, 3600, 14400, 86400],
              max_series: 500 },
            { name: "airflow_log_messages_total", type: "counter", help: "Messages of scheduler and tasks by level",
              where: { airflow_source: { exists: true } },
              labels: { level: "$level" } },
          ],
        }

        """#

    static let celeryRecipe = #"""
        // Celery, from its workers' logs; the source that gives the fields is in config/examples/celery.json5.
        {
          description: "Celery: workers, tasks, durations, failures",
          metrics: [
            // A worker that ends says so on its terminal, not in its log. So a worker counts while it has logged within an hour.
            { name: "celery_workers_active", type: "gauge", help: "1 for each Celery worker that has logged within the last hour",
              labels: { worker: "$celery_worker" },
              updates: [{ where: { celery_worker: { exists: true } }, set: 1 }],
              idle_timeout: "1h", max_series: 200 },
            // Received and not ended, those that a worker has fetched ahead among them. What a worker held when it was killed stays counted here.
            { name: "celery_tasks_active", type: "gauge", help: "Celery tasks that workers have received and not ended",
              updates: [
                { where: { celery_result: "received" }, inc: 1 },
                { where: { celery_result: ["succeeded", "retry", "raised unexpected", "raised expected", "ignored", "INTERNAL ERROR"] }, dec: 1 },
                { where: { celery_problem: "Task handler raised error" }, dec: 1 }, // the process was killed, or ran too long
              ] },
            { name: "celery_tasks_total", type: "counter", help: "Celery tasks by what became of them",
              where: { celery_result: { exists: true } },
              labels: { task: "$celery_task", result: "$celery_result" },
              max_series: 1000 },
            { name: "celery_task_duration_seconds", type: "histogram", help: "Durations of Celery tasks that succeeded",
              where: { celery_result: "succeeded" },
              labels: { task: "$celery_task" },
              value: "$celery_runtime",
              buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600],
              max_series: 300 },
            { name: "celery_task_problems_total", type: "counter", help: "Tasks that ended with their process, and tasks that no worker knows",
              where: { celery_problem: { exists: true } },
              labels: { problem: "$celery_problem" } },
            { name: "celery_log_messages_total", type: "counter", help: "Messages by level",
              where: { celery_worker: { exists: true } },
              labels: { level: "$level" } },
          ],
        }

        """#

    static let containersRecipe = #"""
        // Container logs of Kubernetes (format cri) and Docker (format docker); the source is in config/examples/kubernetes.json5.
        {
          description: "containers: log entries",
          metrics: [
            { name: "container_log_entries_total", type: "counter", help: "Log entries by namespace, container and stream",
              where: { container: { exists: true }, stream: { exists: true } },
              labels: { namespace: "$namespace", container: "$container", stream: "$stream" },
              max_series: 2000 },
          ],
        }

        """#

    static let levelsRecipe = #"""
        // Log messages by service and level, for any source whose lines have a field `level`: the rate of errors, and who logs them.
        {
          description: "any structured log: messages by level",
          metrics: [
            { name: "log_messages_total", type: "counter", help: "Log messages by service and level",
              where: { level: { exists: true } },
              labels: { service: "$service", level: "$level" },
              max_series: 500 },
          ],
        }

        """#

    static let minioRecipe = #"""
        // MinIO, from its audit log; the source is in config/examples/minio.json5. What MinIO exports itself (minio_*) stays its own.
        {
          description: "MinIO: requests, bytes, durations, errors",
          metrics: [
            { name: "minio_log_requests_total", type: "counter", help: "Requests by S3 operation and status",
              where: { trigger: "incoming", "api.name": { exists: true } },
              labels: { api: "$api.name", status: "$api.statusCode" },
              max_series: 1000 },
            { name: "minio_log_errors_total", type: "counter", help: "Requests that MinIO answered with 5xx",
              where: { trigger: "incoming", "api.statusCode": { ge: 500 } },
              labels: { api: "$api.name" } },
            // -1 stands for unknown.
            { name: "minio_log_received_bytes_total", type: "counter", help: "Bytes of requests' bodies",
              where: { trigger: "incoming", "api.rx": { ge: 0 } },
              labels: { bucket: "$api.bucket" }, value: "$api.rx", max_series: 500 },
            { name: "minio_log_sent_bytes_total", type: "counter", help: "Bytes of answers' bodies",
              where: { trigger: "incoming", "api.tx": { ge: 0 } },
              labels: { bucket: "$api.bucket" }, value: "$api.tx", max_series: 500 },
            { name: "minio_log_request_duration_seconds", type: "histogram", help: "Time to the end of the answer",
              where: { trigger: "incoming", "api.timeToResponseInNS": { exists: true } },
              labels: { api: "$api.name" },
              value: "$api.timeToResponseInNS", scale: 1e-9,
              buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60] },
          ],
        }

        """#

    static let nginxRecipe = #"""
        // nginx, from its access and error logs; the sources that give the fields are in config/examples/nginx.json5.
        {
          description: "nginx: requests, bytes, durations, errors",
          metrics: [
            { name: "nginx_http_requests_total", type: "counter", help: "Requests by method and status; no method: what nginx could not read as a request",
              where: { body_bytes_sent: { exists: true } },
              labels: { method: "$request_method", status: "$status" },
              max_series: 500 },
            { name: "nginx_http_response_bytes_total", type: "counter", help: "Bytes of bodies that were sent",
              where: { body_bytes_sent: { exists: true } },
              value: "$body_bytes_sent" },
            { name: "nginx_http_request_duration_seconds", type: "histogram", help: "From the first byte of a request to the last of its answer",
              where: { request_time: { exists: true } },
              labels: { method: "$request_method" },
              value: "$request_time",
              buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 60] },
            { name: "nginx_log_messages_total", type: "counter", help: "Messages of the error log by level",
              where: { tid: { exists: true } },
              labels: { level: "$level" },
              init: { level: ["warn", "error", "crit", "alert", "emerg"] } },
          ],
        }

        """#

    static let postgresqlRecipe = #"""
        // PostgreSQL, from jsonlog; the source and the settings that these need are in config/examples/postgresql.json5.
        {
          description: "PostgreSQL: errors, slow statements, connections, locks, crashes",
          metrics: [
            { name: "postgresql_log_messages_total", type: "counter", help: "Messages by severity",
              where: { error_severity: { exists: true }, backend_type: { exists: true } },
              labels: { severity: "$error_severity" },
              init: { severity: ["WARNING", "ERROR", "FATAL", "PANIC"] } },
            { name: "postgresql_errors_total", type: "counter", help: "Errors by SQLSTATE (PostgreSQL's appendix A)",
              where: { error_severity: ["ERROR", "FATAL", "PANIC"], backend_type: { exists: true } },
              labels: { severity: "$error_severity", sqlstate: "$state_code" },
              max_series: 300 },
            { name: "postgresql_slow_statements_total", type: "counter", help: "Statements that took longer than log_min_duration_statement",
              where: { backend_type: { exists: true }, message: { matches: "^duration: [0-9.]+ ms" } },
              labels: { database: "$dbname" } },
            { name: "postgresql_connections_total", type: "counter", help: "Connections that were authorised (log_connections)",
              where: { backend_type: { exists: true }, message: { matches: "^connection authorized" } },
              labels: { database: "$dbname", user: "$user" }, max_series: 300 },
            { name: "postgresql_lock_waits_total", type: "counter", help: "Waits for a lock that exceeded deadlock_timeout (log_lock_waits)",
              where: { backend_type: { exists: true }, message: { matches: "still waiting for .*Lock on" } } },
            { name: "postgresql_deadlocks_total", type: "counter", help: "Deadlocks",
              where: { backend_type: { exists: true }, state_code: "40P01" } },
            { name: "postgresql_temporary_files_total", type: "counter", help: "Temporary files (log_temp_files)",
              where: { backend_type: { exists: true }, message: { matches: "^temporary file: " } } },
            { name: "postgresql_backend_crashes_total", type: "counter", help: "Server processes that were ended by a signal",
              where: { backend_type: "postmaster", message: { matches: "was terminated by signal" } } },
          ],
        }

        """#

    static let redisRecipe = #"""
        // Redis, from its log; the source that gives the fields is in config/examples/redis.json5. What redis_exporter measures (redis_*) stays its own.
        {
          description: "Redis: messages, saves, replication, attacks",
          metrics: [
            { name: "redis_log_messages_total", type: "counter", help: "Messages by role (M master, S replica, C child, X sentinel) and mark (. debug, - verbose, * notice, # warning)",
              where: { redis_mark: { exists: true } },
              labels: { role: "$redis_role", mark: "$redis_mark" } },
            { name: "redis_log_starts_total", type: "counter", help: "Starts of the server",
              where: { redis_message: { matches: "^Ready to accept connections" } } },
            { name: "redis_log_saves_total", type: "counter", help: "Snapshots that were written",
              where: { redis_message: { matches: "^DB saved on disk" } } },
            { name: "redis_log_save_failures_total", type: "counter", help: "Snapshots that could not be written",
              where: { redis_message: { matches: "^(Background saving error|Failed opening the (temp )?RDB file|Write error saving DB|Can't save in background)" } } },
            { name: "redis_log_replication_errors_total", type: "counter", help: "Errors between a replica and its master",
              where: { redis_message: { matches: "^(Error condition on socket for SYNC|MASTER aborted replication|Unable to connect to MASTER|Timeout connecting to the MASTER)" } } },
            { name: "redis_log_attacks_total", type: "counter", help: "HTTP requests and the like that were sent to Redis",
              where: { redis_message: { matches: "SECURITY ATTACK" } } },
          ],
        }

        """#

    static let syslogRecipe = #"""
        // The system's log, from lines of format syslog or sources of type syslog; the source is in config/examples/syslog.json5.
        {
          description: "syslog: messages by facility and severity",
          metrics: [
            { name: "syslog_messages_total", type: "counter", help: "Messages by program, facility and severity",
              where: { facility: { exists: true }, severity: { exists: true } },
              labels: { app: "$app_name", facility: "$facility", severity: "$severity" },
              max_series: 2000 },
          ],
        }

        """#
}
