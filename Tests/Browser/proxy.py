"""A TCP proxy in front of the service whose cable can be pulled and plugged in again."""

import contextlib
import socket
import threading


class Proxy:
    def __init__(self, target):
        self.target = target
        self.connections = set()
        self.lock = threading.Lock()
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
        with self.lock:
            for connection in self.connections:
                _close(connection)
            self.connections.clear()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self.target)
                with self.lock:
                    self.connections |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _close(source)
    _close(sink)


def _close(connection):
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
