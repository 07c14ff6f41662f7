"""A client of event streams over HTTP/1.1 or HTTP/2, and no more patient than it has to be."""

import contextlib
import json
import ssl
import threading
import time

import httpx

TIMEOUT = httpx.Timeout(20)
HEADERS = {"accept": "text/event-stream", "accept-encoding": "gzip"}


def client(certificate, version, kind=httpx.Client, limits=httpx.Limits()):
    """Speaks just this version, whatever else the proxy can."""
    context = ssl.create_default_context(cafile=str(certificate.chain))
    return kind(verify=context, http1=version == "HTTP/1.1", http2=version == "HTTP/2", timeout=TIMEOUT, limits=limits, trust_env=False)


@contextlib.contextmanager
def opened(client, url, cursor=None):
    """A response whose body is a stream that the proxy has not touched."""
    headers = {**HEADERS, "last-event-id": cursor} if cursor else HEADERS
    with client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert "content-encoding" not in response.headers
        yield response


class Frames:
    """Makes frames, (event, id, data) each, of what comes; a comment is a frame whose event is ":"."""

    def __init__(self):
        self.rest = b""
        self._begin()

    def _begin(self):
        self.event, self.identifier, self.data = None, None, None

    def take(self, piece):
        *lines, self.rest = (self.rest + piece).split(b"\n")  # httpx's own lines end at U+2028 too
        return [frame for frame in map(self._line, lines) if frame]

    def _line(self, line):
        if line.startswith(b":"):
            return ":", None, None
        field, _, value = line.decode().partition(": ")
        if field == "event":
            self.event = value
        elif field == "id":
            self.identifier = value
        elif field == "data":
            self.data = json.loads(value)
        elif not line:
            frame = (self.event, self.identifier, self.data)
            self._begin()
            return frame if frame[0] else None
        return None


def frames(response):
    taken = Frames()
    return (frame for piece in response.iter_bytes() for frame in taken.take(piece))


PLACES = (":", "opened", "heartbeat")  # what carries no event, but perhaps the place in the log


def events(response):
    return (frame for frame in frames(response) if frame[0] not in PLACES)


class Reader:
    """Follows a stream as an EventSource does: it comes back to where it was, however often it is cut off."""

    def __init__(self, client, url, cursor=None):
        self.client = client
        self.url = url
        self.cursor = cursor
        self.kept = []
        self.cuts = 0
        self.stopped = threading.Event()

    def stop(self):
        """Leaves with the next frame, a heartbeat at the latest."""
        self.stopped.set()

    def read_until(self, kind):
        """Until an event of this type came, or it is stopped."""
        for _ in range(300):
            if self.stopped.is_set():
                return
            with contextlib.suppress(httpx.TransportError), opened(self.client, self.url, self.cursor) as response:
                for event, identifier, data in frames(response):
                    if self.stopped.is_set():
                        return
                    self.cursor = identifier or self.cursor
                    if event in PLACES:
                        continue
                    self.kept.append({"type": event, "id": identifier, "data": data})
                    if event == kind:
                        return
            self.cuts += 1
            time.sleep(0.1)  # where a browser waits for as long as `retry:` says
        raise AssertionError(f"cut off {self.cuts} times")
