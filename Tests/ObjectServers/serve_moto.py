"""Runs moto's S3 (with IAM and STS) on a free loopback port, writes the port into a file, and ends with the test process.

    serve_moto.py SCRATCH PORT PORT_FILE PARENT_PID

What moto leaves out and S3 has is added in front of it, so that a client which gets it wrong is refused here too:

- a body that ends before its Content-Length is refused (`IncompleteBody`);
- `Content-MD5`, `x-amz-content-sha256` and `x-amz-checksum-sha256` are compared with the body (`BadDigest`,
  `XAmzContentSHA256Mismatch`), unless the body is in signed chunks;
- writes with `If-None-Match` happen one at a time: moto looks and then stores, and two writers could both succeed;
- conditions of policies are evaluated for the keys `s3:if-none-match`, `s3:prefix`, `s3:ObjectCreationOperation` and
  `s3:object-lock-remaining-retention-days`, with `Null`, `Bool`, `StringEquals`, `StringLike` and `NumericLessThanEquals`; a
  statement whose condition does not hold does not count. moto denies whatever has a condition;
- a retention can be extended and not shortened, nor made less firm, but by who bypasses governance; setting and bypassing it are rights of
  their own (`s3:PutObjectRetention`, also for a PUT that brings one; `s3:BypassGovernanceRetention`);
- the right to delete many objects at once is asked for one by one, and for versions it is `s3:DeleteObjectVersion`;
- a copy with `If-None-Match: *` replaces nothing.

Beside S3 there is a door for tests, `/_holdfast/…` (see `Door`).
"""

import base64
import datetime
import hashlib
import io
import json
import logging
import os
import re
import signal
import sys
import threading
import xml.etree.ElementTree

from supervision import end_with_parent, write_ready

os.environ.setdefault("MOTO_S3_CUSTOM_ENDPOINTS", "")

from flask import has_request_context, request  # noqa: E402
from moto import settings  # noqa: E402
from moto.core import DEFAULT_ACCOUNT_ID  # noqa: E402
from moto.core.authorization import ActionAuthenticatorMixin  # noqa: E402
from moto.iam import access_control  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402
from moto.s3 import models as s3_models, responses as s3_responses  # noqa: E402
from moto.s3.exceptions import AccessDeniedByLock, MissingKey, PreconditionFailed  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server  # noqa: E402


def refusal(start_response, status: str, code: str, message: str):
    """An error document as S3 writes it."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>holdfast-test</RequestId></Error>"
    ).encode()
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


class StricterS3:
    """Refuses what S3 refuses and moto takes."""

    def __init__(self, application) -> None:
        self.application = application
        self.conditional = threading.Lock()

    def __call__(self, environ, start_response):
        method = environ["REQUEST_METHOD"]
        if method not in ("PUT", "POST"):
            return self.application(environ, start_response)
        stated = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(int(stated)) if stated else environ["wsgi.input"].read()
        if stated and len(body) < int(stated):
            return refusal(start_response, "400 Bad Request", "IncompleteBody", "The request body terminated early.")
        wrong = self.mismatch(environ, body)
        if wrong:
            return refusal(start_response, "400 Bad Request", wrong, "The body does not match what was stated about it.")
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        if "HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MATCH" in environ:
            with self.conditional:
                return self.application(environ, start_response)
        return self.application(environ, start_response)

    @staticmethod
    def mismatch(environ, body: bytes):
        digest = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
        if digest.startswith("STREAMING-"):
            return None
        if re.fullmatch("[0-9a-f]{64}", digest) and hashlib.sha256(body).hexdigest() != digest:
            return "XAmzContentSHA256Mismatch"
        for header, algorithm in (("HTTP_CONTENT_MD5", "md5"), ("HTTP_X_AMZ_CHECKSUM_SHA256", "sha256")):
            value = environ.get(header)
            if value and base64.b64encode(hashlib.new(algorithm, body).digest()).decode() != value:
                return "BadDigest"
        return None


class Door:
    """What tests order: POST /_holdfast/user {"name", "policy", "id", "secret"} makes a user with keys and one policy (a
    JSON text; empty for none); POST /_holdfast/enforce {"on"} has signatures and policies looked at, or not."""

    def __init__(self, application) -> None:
        self.application = application

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/_holdfast/"):
            return self.application(environ, start_response)
        order = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
        getattr(self, path.removeprefix("/_holdfast/"))(order)
        start_response("200 OK", [("Content-Length", "2"), ("Content-Type", "application/json")])
        return [b"{}"]

    def user(self, order) -> None:
        backend = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
        backend.create_user("us-east-1", order["name"])
        if order["policy"]:
            backend.put_user_policy(order["name"], "policy", order["policy"])
        key = backend.create_access_key(order["name"])
        key.access_key_id, key.secret_access_key = order["id"], order["secret"]

    def enforce(self, order) -> None:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = 0 if order["on"] else float("inf")
        ActionAuthenticatorMixin.request_count = 0


def moment(text: str) -> datetime.datetime:
    """A time of S3's, with or without fractions of a second."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def remaining_days():
    """For how many days the request asks an object to be retained; None when it does not."""
    until = request.headers.get("x-amz-object-lock-retain-until-date")
    if "retention" in request.args and request.method == "PUT":
        found = re.search(rb"<RetainUntilDate>([^<]+)</RetainUntilDate>", request.get_data())
        until = found and found.group(1).decode()
    return until and (moment(until) - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400


def condition_holds(condition) -> bool:
    """Whether the condition of a statement holds for the request that is being answered."""
    known = {}
    if has_request_context():
        # Uploads in parts make an object when they are completed, by POST with the upload's id.
        parts = "uploads" in request.args or ("uploadId" in request.args and request.method != "POST")
        known = {
            "s3:if-none-match": request.headers.get("If-None-Match"),
            "s3:prefix": request.args.get("prefix"),
            "s3:ObjectCreationOperation": str(not parts).lower(),
            "s3:object-lock-remaining-retention-days": remaining_days(),
        }
    for operator, tests in condition.items():
        for key, expected in tests.items():
            if key not in known:
                raise NotImplementedError(f"condition key {key}")
            value, expected = known[key], expected if isinstance(expected, list) else [expected]
            if operator == "Null":
                holds = (value is None) == (str(expected[0]).lower() == "true")
            elif operator in ("StringEquals", "Bool"):
                holds = value in expected
            elif operator == "NumericLessThanEquals":
                holds = value is not None and value <= float(expected[0])
            elif operator == "StringLike":
                patterns = (re.escape(text).replace(r"\*", ".*").replace(r"\?", ".") for text in expected)
                holds = value is not None and any(re.fullmatch(pattern, value) for pattern in patterns)
            else:
                raise NotImplementedError(f"condition operator {operator}")
            if not holds:
                return False
    return True


def evaluate_conditions() -> None:
    original = access_control.IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self, action, *arguments, **named):
        # As S3 has it: the right to put objects is that to put them in parts.
        if action in ("s3:CreateMultipartUpload", "s3:UploadPart", "s3:CompleteMultipartUpload"):
            action = "s3:PutObject"
        condition = self._statement.get("Condition")
        if condition:
            if not condition_holds(condition):
                return access_control.PermissionResult.NEUTRAL
            bare = {key: value for key, value in self._statement.items() if key != "Condition"}
            return original(access_control.IAMPolicyStatement(bare), action, *arguments, **named)
        return original(self, action, *arguments, **named)

    access_control.IAMPolicyStatement.is_action_permitted = is_action_permitted


def bypasses_governance() -> bool:
    return has_request_context() and request.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"


def ask_for_all_rights() -> None:
    """Rights that moto does not tell apart, or does not ask for."""
    actions = s3_responses.ACTION_MAP
    actions["KEY"]["PUT"] |= {"retention": "PutObjectRetention", "legal-hold": "PutObjectLegalHold"}
    actions["KEY"]["GET"] |= {"legal-hold": "GetObjectLegalHold"}
    actions["KEY"]["HEAD"] |= {"versionId": "GetObjectVersion"}
    actions["BUCKET"]["GET"] |= {"object-lock": "GetBucketObjectLockConfiguration"}
    original = ActionAuthenticatorMixin._authenticate_and_authorize_s3_action

    def authorize(self, bucket_name=None, key_name=None):
        action = self.data.get("Action")
        asked = [(action, key_name)]
        if action == "DeleteObject" and key_name is None:
            asked = [
                ("DeleteObject" if item.find("{*}VersionId") is None else "DeleteObjectVersion", item.findtext("{*}Key"))
                for item in xml.etree.ElementTree.fromstring(request.get_data()).iter()
                if item.tag.endswith("}Object") or item.tag == "Object"
            ]
        if "x-amz-object-lock-mode" in request.headers:
            asked.append(("PutObjectRetention", key_name))
        if bypasses_governance():
            asked += [("BypassGovernanceRetention", key) for _, key in list(asked)]
        try:
            for self.data["Action"], key in asked:
                original(self, bucket_name=bucket_name, key_name=key)
        finally:
            self.data["Action"] = action

    ActionAuthenticatorMixin._authenticate_and_authorize_s3_action = authorize


def keep_retention() -> None:
    """A retention is extended, never shortened or made less firm; a conditional copy replaces nothing."""
    set_retention = s3_models.S3Backend.put_object_retention
    copy_object = s3_responses.S3Response.copy_object

    def put_object_retention(self, bucket_name, key_name, version_id, retention):
        key = self.get_object(bucket_name, key_name, version_id=version_id)
        if key is None:
            raise MissingKey
        if key.is_locked(governance_bypass=bypasses_governance()):
            mode, until = retention
            shortens = not until or moment(until) < moment(key.lock_until)
            if shortens or (key.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE"):
                raise AccessDeniedByLock
        set_retention(self, bucket_name, key_name, version_id, retention)

    def copy(self):
        present = self.backend.get_object(self.bucket_name, self.parse_key_name())
        if self.headers.get("If-None-Match") == "*" and present is not None:
            raise PreconditionFailed("If-None-Match")
        return copy_object(self)

    s3_models.S3Backend.put_object_retention = put_object_retention
    s3_responses.S3Response.copy_object = copy


def main() -> None:
    scratch, port, port_file, parent = sys.argv[1:5]
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    evaluate_conditions()
    ask_for_all_rights()
    keep_retention()
    application = Door(StricterS3(DomainDispatcherApplication(create_backend_app)))
    server = make_server("127.0.0.1", int(port), application, threaded=True, request_handler=MotoRequestHandler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    end_with_parent(int(parent), scratch, lambda: None)
    write_ready(port_file, server.server_port)
    server.serve_forever()


if __name__ == "__main__":
    main()
