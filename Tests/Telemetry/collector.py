"""A collector of traces: takes OTLP over HTTP in JSON, and reads it with OpenTelemetry's own message types."""

import base64
import http.server
import json
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def _decoded(body):
    """The messages of a request. In OTLP's JSON ids are hexadecimal digits, elsewhere in protobuf's they are base64."""
    document = json.loads(body)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for place in (span, *span.get("links", [])):
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if key in place:
                            place[key] = base64.b64encode(bytes.fromhex(place[key])).decode()
    return json_format.ParseDict(document, ExportTraceServiceRequest())  # refuses what it does not know


def _value(value):
    kind = value.WhichOneof("value")
    return [_value(element) for element in value.array_value.values] if kind == "array_value" else getattr(value, kind)


class Span:
    def __init__(self, span, resource):
        self.trace = span.trace_id.hex()
        self.id = span.span_id.hex()
        self.parent = span.parent_span_id.hex()
        self.name = span.name
        self.kind = span.kind
        self.start = span.start_time_unix_nano
        self.end = span.end_time_unix_nano
        self.status = span.status.code
        self.attributes = {attribute.key: _value(attribute.value) for attribute in span.attributes}
        self.events = [(event.name, {a.key: _value(a.value) for a in event.attributes}) for event in span.events]
        self.resource = resource

    def __repr__(self):
        return f"{self.name} {self.id} in {self.parent}"


class Collector:
    """A context in which it listens; `fails` answers so many requests with 503 first."""

    def __init__(self):
        self.spans = []
        self.failures = []
        self.headers = []
        self.fails = 0
        self.lock = threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with collector.lock:
                    status = 200
                    collector.headers.append((self.path, dict(self.headers)))
                    if collector.fails > 0:
                        collector.fails -= 1
                        status = 503
                    else:
                        try:
                            collector._take(_decoded(body))
                        except Exception as failure:
                            collector.failures.append(f"{failure!r}: {body[:500]}")
                            status = 400
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _take(self, request):
        for resource in request.resource_spans:
            about = {attribute.key: _value(attribute.value) for attribute in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [Span(span, about) for span in scope.spans]

    def of(self, trace):
        with self.lock:
            assert self.failures == []
            return [span for span in self.spans if span.trace == trace]

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
