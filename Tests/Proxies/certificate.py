"""A certificate for localhost, made for the test."""

import subprocess


class Certificate:
    def __init__(self, directory):
        self.chain, self.key, self.both = (directory / name for name in ("chain.pem", "key.pem", "both.pem"))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.key, "-out", self.chain],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.both.write_bytes(self.chain.read_bytes() + self.key.read_bytes())
