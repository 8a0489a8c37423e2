"""Starts `flowchat serve` for the checks in this folder."""
import os
import re
import subprocess
import threading


class Server:
    """A server on a free port of loopback; `with Server(program, model, '--option', ...) as server`."""

    def __init__(self, program, model, *options, key=None):
        self.arguments = [program, "serve", "-m", model, "--port", "0", *options]
        self.key = key

    def __enter__(self):
        environment = dict(os.environ)
        environment.pop("FLOWCHAT_API_KEY", None)
        if self.key:
            environment["FLOWCHAT_API_KEY"] = self.key
        self.process = subprocess.Popen(self.arguments, stderr=subprocess.PIPE, text=True, env=environment)
        self.lines = []
        self.port = None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"listens on http://[^ ]*:(\d+)/", line):
                self.port = int(found[1])
            if "is ready" in line:
                break
        if self.port is None or self.process.poll() is not None:
            raise SystemExit("the server did not start: " + "".join(self.lines))
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def memory(self):
        """Resident memory in MB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) / 1000

    def __exit__(self, *_):
        alive = self.process.poll() is None
        self.process.terminate()
        code = self.process.wait(timeout=20)
        if not alive or code != 0:
            raise SystemExit(f"the server ended with status {code}: {''.join(self.lines)}")
