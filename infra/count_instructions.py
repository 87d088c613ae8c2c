#!/usr/bin/env python3
"""Counts the instructions of the three functions of a Response's path, and holds them against benches/instructions.txt.

    infra/count_instructions.py            compares, within 2 %
    infra/count_instructions.py --write    writes what was counted

Counted is what was compiled from Rust, and how often it asks for memory: the same on each machine of a kind. What
aws-lc and the C library do is left out, since they choose their instructions by the processor.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "benches" / "instructions.txt"
FUNCTIONS = ["decode_post_binding", "unverified_in_response_to", "verify"]
MESSAGES = ["FiveKilobytes", "TwoHundredGroups", "Typed"]
WITHIN = 0.02
# Another compiler optimises in another way; that is no regression, and the next who measures records it.
WITHIN_ACROSS_COMPILERS = 0.10
ALLOCATORS = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"}


def main():
    if "avx2" not in Path("/proc/cpuinfo").read_text():
        print("no AVX2 here: this processor takes other ways, and nothing is compared")
        return
    compiler = output("rustc", "--version").split(" (")[0]
    program = build()
    counted = {}
    for message in MESSAGES:
        for function, counts in zip(FUNCTIONS, count(program, message)):
            counted[function, message] = counts
    if "--write" in sys.argv[1:]:
        RECORD.write_text(written(compiler, counted))
        print(RECORD.read_text(), end="")
        return
    recorded_compiler, recorded = read()
    within = WITHIN if compiler == recorded_compiler else WITHIN_ACROSS_COMPILERS
    print(f"{compiler}; recorded with {recorded_compiler}: within {within:.0%}")
    differ = 0
    for key, now in counted.items():
        before = recorded.get(key, (0, 0))
        is_off = any(abs(a - b) > max(within * b, 3) for a, b in zip(now, before))
        differ += is_off
        mark = "  <-- differs" if is_off else ""
        print(f"{key[0]:26} {key[1]:17} {before[0]:9} -> {now[0]:9} instructions, "
              f"{before[1]:5} -> {now[1]:5} allocations{mark}")
    if differ:
        sys.exit(f"{differ} counts differ. If they are meant to: infra/count_instructions.py --write, and say why")


def build():
    command = ["cargo", "build", "--quiet", "--locked", "--profile", "count", "-p", "stoa-benches",
               "--bin", "instructions", "--message-format=json-render-diagnostics"]
    messages = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r'"executable":"([^"]+)"', messages)[-1]


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def count(program, message):
    """Instructions and allocations of each function: callgrind starts a new profile where the next one begins."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "callgrind"
        command = ["valgrind", "--tool=callgrind", "--quiet", "--demangle=no", "--dump-before=*counted_*",
                   f"--callgrind-out-file={profile}", program, message]
        ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        if ran.returncode != 0:
            sys.exit(f"{ran.stderr}valgrind ended with {ran.returncode}")
        # The first is what came before all of them.
        profiles = [Path(f"{profile}.{at + 2}") for at in range(len(FUNCTIONS))]
        if not all(profile.exists() for profile in profiles):
            sys.exit("callgrind has not stopped at each function: are their names in the program?")
        return [of_rust(profile.read_text()) for profile in profiles]


def of_rust(profile):
    """Instructions of functions with a mangled name, and their calls of an allocator."""
    names = {}
    instructions, calls = Counter(), Counter()
    current = callee = None
    is_inclusive = False

    def name(text):
        number, _, full = text.partition(" ")
        if full:
            names[number] = full
        return names[number]

    for line in profile.splitlines():
        if line.startswith("fn="):
            current = name(line[3:])
        elif line.startswith("cfn="):
            callee = name(line[4:])
        elif line.startswith("calls="):
            calls[current, callee] += int(line[6:].split()[0])
            is_inclusive = True
        elif re.match(r"[+\-*0-9]", line):
            if not is_inclusive:
                instructions[current] += int(line.split()[1])
            is_inclusive = False
    is_rust = lambda function: function is not None and re.match(r"_R|_ZN", function) is not None
    total = sum(number for function, number in instructions.items() if is_rust(function))
    allocations = sum(number for (caller, callee), number in calls.items()
                      if is_rust(caller) and callee.split("'")[0] in ALLOCATORS)
    return total, allocations


def written(compiler, counted):
    lines = ["# Written by infra/count_instructions.py --write: function, message, instructions, allocations.",
             f"# {compiler}"]
    lines += [f"{function} {message} {now[0]} {now[1]}" for (function, message), now in counted.items()]
    return "\n".join(lines) + "\n"


def read():
    lines = RECORD.read_text().splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return lines[1][2:], {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows}


if __name__ == "__main__":
    main()
