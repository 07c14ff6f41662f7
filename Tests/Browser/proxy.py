"""A TCP proxy in front of one or more nodes whose cable can be pulled and plugged in again, and that can break
connections by itself, in the middle of whatever they carry."""

import contextlib
import random
import re
import socket
import struct
import threading

REQUEST = re.compile(rb"^[A-Z]+ (\S+) HTTP/1\.1\r$", re.MULTILINE)


class Proxy:
    """Each connection goes to one of `targets` at random.

    With `patience`, a range of numbers of bytes, each connection breaks after so many bytes of the answer's body, and
    never in its head: Chromium, seen once, took a head that was cut short for a whole one, and stopped the EventSource,
    which then had no content type.
    """

    def __init__(self, *targets, random=random):
        self.targets = list(targets)
        self.random = random
        self.patience = None
        self.broken = 0
        self.requests = []
        self.connections = set()
        self.lock = threading.Condition()
        self.port = 0
        self.plug_in()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def plug_in(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def pull(self):
        """Refuses new connections and breaks those that are open."""
        _close(self.listener)
        self.cut()

    def cut(self):
        """Breaks the connections that are open."""
        with self.lock:
            for connection in self.connections:
                _close(connection)
            self.connections.clear()

    def wait_until_broken(self, times, seconds=120):
        """Until so many connections have used up their patience."""
        with self.lock:
            assert self.lock.wait_for(lambda: self.broken >= times, seconds), f"only {self.broken} were broken"

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with self.lock:
            target = self.random.choice(self.targets)
            patience = self.patience and self.random.randrange(*self.patience)
            is_rude = self.random.random() < 0.5
        try:
            server = socket.create_connection(target)
        except OSError:
            _close(client)
            return
        with self.lock:
            self.connections |= {client, server}
        threading.Thread(target=self._forward_requests, args=(client, server), daemon=True).start()
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and (data := server.recv(65536)):
                head += data
            if patience is not None:
                patience += head.find(b"\r\n\r\n") + 4
            data = head
            while data:
                if patience is not None and len(data) > patience:
                    client.sendall(data[:patience])
                    with self.lock:
                        self.broken += 1
                        self.lock.notify_all()
                    if is_rude:  # a reset instead of an orderly end
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        client.shutdown(socket.SHUT_RD)  # the other thread lets go of it
                        client.close()
                    break
                if patience is not None:
                    patience -= len(data)
                client.sendall(data)
                data = server.recv(65536)
        _close(client)
        _close(server)

    def _forward_requests(self, client, server):
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                self.requests += [path.decode() for path in REQUEST.findall(data)]
                server.sendall(data)
        _close(client)
        _close(server)


def _close(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
