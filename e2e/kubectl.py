"""kubectl and helm, as people use them, against one cluster."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helm import tools


class CommandError(RuntimeError):
    """A command ended with another code than 0; the message has all that it said."""

    def __init__(self, command: Sequence[str], code: int, said: str) -> None:
        super().__init__(f"{' '.join(command)}\nended with {code}: {said}")
        self.said = said


class Kube:
    """A cluster by its kubeconfig. Every method blocks and raises CommandError. Any thread."""

    def __init__(self, kubeconfig: Path, prefix: Sequence[str] = ()) -> None:
        """`prefix` comes before each command: what it takes to reach the cluster from here."""
        self.kubeconfig = kubeconfig
        self._prefix = tuple(prefix)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """What kubectl prints. `text` is its standard input."""
        return self._run(self._command(tools.kubectl(), arguments), text)

    def helm(self, *arguments: str) -> str:
        """What helm prints."""
        return self._run(self._command(tools.helm(), arguments), None)

    def json(self, *arguments: str) -> Any:
        """What `kubectl … -o json` gives."""
        return json.loads(self.kubectl(*arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Make or change objects."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=text)

    def get(self, path: str) -> str:
        """GET through the API server."""
        return self.kubectl("get", "--raw", path)

    def post(self, path: str, body: Any) -> str:
        """POST of JSON through the API server."""
        return self.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(body))

    def delete(self, path: str) -> str:
        """DELETE through the API server."""
        return self.kubectl("delete", "--raw", path)

    def _command(self, program: Path, arguments: Sequence[str]) -> list[str]:
        return [*self._prefix, str(program), "--kubeconfig", str(self.kubeconfig), *arguments]

    @staticmethod
    def _run(command: Sequence[str], text: str | None) -> str:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CommandError(command, done.returncode, f"{done.stdout}{done.stderr}")
        return done.stdout
