"""Measures each deployable's start: exec until it asks the Lambda Runtime API for its first request.

    .venv/bin/python infra/measure_start.py [target/lambda] [runs] [OTHER]

Prints, per function: size, size zipped, median and worst milliseconds, resident memory when it asks. With the folder of
another build, of an earlier commit or another profile, the two take turns and their ratio is printed.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
import zlib
from pathlib import Path

ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": "local",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
    "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/measured",
    "AWS_LAMBDA_LOG_STREAM_NAME": "measured",
    "STOA_BUILD": "2601010000-measured",
    "STOA_METRIC_NAMESPACE": "stoa/measured",
    "STOA_PUBLIC_URL": "https://stoa.example",
    "STOA_SECRET_PREFIX": "stoa",
    "STOA_TABLE_CONNECTIONS": "connections",
    "STOA_TABLE_DIRECTORY": "directory",
    "STOA_TABLE_LOGINS": "logins",
    "STOA_TABLE_TRUST": "trust",
}


def start(bootstrap, name):
    """Seconds until the first request for work, and the resident kilobytes at that moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        host = f"127.0.0.1:{server.getsockname()[1]}"
        environment = ENVIRONMENT | {"AWS_LAMBDA_RUNTIME_API": host, "AWS_LAMBDA_FUNCTION_NAME": name}
        began = time.perf_counter()
        process = subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection, _ = server.accept()
            with connection:
                asked = connection.recv(4096)
                took = time.perf_counter() - began
                assert asked.startswith(b"GET /2018-06-01/runtime/invocation/next"), asked
                status = Path(f"/proc/{process.pid}/status").read_text()
                return took, int(status.split("VmRSS:")[1].split()[0])
        finally:
            process.kill()
            process.wait()


def beside(folder, other, runs):
    """The starts of two builds, taking turns: the median of each round's ratio is worth something on a busy machine."""
    print("function            ratio of starts, median  quartiles     resident MB, then and now")
    for bootstrap in sorted(folder.glob("*/bootstrap")):
        name = bootstrap.parent.name
        if not (other / name / "bootstrap").exists():
            continue
        rounds = [(start(other / name / "bootstrap", name), start(bootstrap, name)) for _ in range(runs)]
        low, middle, high = statistics.quantiles([now[0] / then[0] for then, now in rounds], n=4)
        then, now = (max(kilobytes for _, kilobytes in side) * 1024 / 1e6 for side in zip(*rounds))
        print(f"{name:18} {middle:24.2f}  {low:.2f} to {high:.2f} {then:11.1f} {now:.1f}")


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/lambda")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {runs} runs each")
    if len(sys.argv) > 3:
        beside(folder, Path(sys.argv[3]), runs)
        return
    print("function            size MB  zipped MB  median ms  worst ms  resident MB")
    for bootstrap in sorted(folder.glob("*/bootstrap")):
        name = bootstrap.parent.name
        measured = [start(bootstrap, name) for _ in range(runs)]
        times = [took * 1000 for took, _ in measured]
        size, zipped = bootstrap.stat().st_size / 1e6, len(zlib.compress(bootstrap.read_bytes(), 9)) / 1e6
        resident = max(kilobytes for _, kilobytes in measured) * 1024 / 1e6
        print(f"{name:18} {size:8.2f} {zipped:10.2f} {statistics.median(times):10.1f} {max(times):9.1f} {resident:12.1f}")


if __name__ == "__main__":
    main()
