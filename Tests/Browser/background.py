"""A server of a test that runs beside it."""

import threading


class Background:
    """Serves while it is entered; `server` is what the standard library's `http.server` makes."""

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
