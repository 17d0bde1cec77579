"""Where Alertmanager's notices arrive in bench/stack.py: an SMTP server that asks for a password, and what stands for Slack's webhook."""
import email
import email.policy
import http.server
import json
import logging
import threading
import time
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Mailbox:
    """An SMTP server on loopback that takes mail of those who know the password."""

    def __init__(self, port, user, password):
        self.address = f"127.0.0.1:{port}"
        self.password = password
        self.messages = []
        self.refused = 0

        def authenticate(server, session, envelope, mechanism, data):
            good = (data.login.decode(), data.password.decode()) == (user, password)
            self.refused += not good
            return AuthResult(success=good)

        # It warns that the password goes over loopback in clear. LOGIN is left out, as its prompts are not those that Alertmanager knows.
        warnings.filterwarnings("ignore", category=UserWarning, module="aiosmtpd")
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self.controller = Controller(self, hostname="127.0.0.1", port=port, authenticator=authenticate, auth_required=True,
                                     auth_require_tls=False, auth_exclude_mechanism=["LOGIN"])
        self.controller.start()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append((time.monotonic(), envelope.rcpt_tos, message))
        return "250 OK"

    def find(self, *words):
        """(time, receivers, message) of the first whose subject has all words."""
        return next((item for item in list(self.messages) if all(word in item[2]["subject"] for word in words)), None)

    def stop(self):
        self.controller.stop()


class Channel:
    """Takes what is posted to a Slack webhook."""

    def __init__(self):
        self.messages = []
        channel = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/services/T0/B0/secret":
                    self.send_error(403)
                    return
                channel.messages.append((time.monotonic(), json.loads(body)))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0/B0/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def find(self, channel, *words):
        """(time, attachment) of the first in the channel whose title has all words."""
        for when, message in list(self.messages):
            attachment = message["attachments"][0]
            if message["channel"] == channel and all(word in attachment["title"] for word in words):
                return when, attachment
        return None

    def stop(self):
        self.server.shutdown()
