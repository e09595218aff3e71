"""Decoders are made on first use, whichever thread comes first; a crash here would take the whole process down."""

import subprocess
import sys

_MANY_THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from exchange.fhir import StructureFault, known_resource_types, structure
from exchange.fhir.structure import _compile

types = sorted(known_resource_types())[:60]
for name in types:
    _compile(name, frozenset())  # the classes are there; what is raced for is what msgspec makes of them
threads = 6
gate = Barrier(threads)
sys.setswitchinterval(1e-6)


def decode(first):
    gate.wait()
    for name in types[first:] + types[:first]:
        try:
            structure().decode(name, b'{"resourceType":"%b","identifier":[{"value":"a"}]}' % name.encode())
        except StructureFault:
            pass


with ThreadPoolExecutor(threads) as pool:
    list(pool.map(decode, range(0, 60, 10)))
"""


def test_threads_that_decode_different_types_for_the_first_time_do_not_disturb_each_other() -> None:
    done = subprocess.run([sys.executable, "-c", _MANY_THREADS], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
