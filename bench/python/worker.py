"""The Python side of a benchmark: prepares one file beside this one, then runs its functions as their names come in.

Usage: worker.py NAME INPUT_JSON. NAME.py has `packages` (modules whose versions are told) and `prepare(**input)`, which
returns functions by name. Each line of stdin is a name; the answer is one line `{"seconds": …, "answer": …}`.
"""

import gc
import importlib
import json
import sys
import time

sys.path.insert(0, __file__.rsplit("/", 1)[0])
subject = importlib.import_module(sys.argv[1])
functions = subject.prepare(**json.loads(sys.argv[2]))
print(json.dumps({"versions": {p.__name__: p.__version__ for p in subject.packages}}))

gc.disable()
for line in sys.stdin:
    function = functions[line.strip()]
    started = time.perf_counter()
    answer = function()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "answer": answer}))
