#!/usr/bin/env bash
# Surprise: a derivative inside a derivative is silently wrong in one thread, because another thread
# finishes a derivative of its own at the same time. The two threads share no data.
#
# Version: autograd 1.8.0, which PennyLane's NumPy interface differentiates with.
# Source: autograd/tracer.py, TraceStack.new_trace: each derivative takes the number `top + 1` of one
# global stack, and counts it down when it ends.
# The guess before the run: 4.0 in both cases. x·(d/dy (x·y)) is x², whose derivative at 2 is 4, and
# functions without shared state may be differentiated in a thread pool, as NumPy's are called in one.
# Why the guess is wrong: when another thread's derivative, which began before, ends between this
# thread's outer and inner one, the counter falls, and the inner derivative gets the number that the
# outer one has. Autograd then takes x for a variable of the inner derivative, what the inner one
# returns no longer depends on x, and the answer is another number, without a warning. With a training
# loop in one thread and a metric in another, it depends on the moment; here events fix the order, so
# that it is the same each time.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq --disable-pip-version-check 'autograd==1.8.0'
cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import sys
import threading
from importlib.metadata import version

from autograd import grad

print("autograd", version("autograd"))
other_began, may_end, other_ended = (threading.Event() for _ in range(3))


def f(x, pause=lambda: None):
    pause()
    return x * grad(lambda y: x * y)(1.0)


def other(z):
    other_began.set()
    may_end.wait(10)
    return z * z


def let_the_other_end():
    may_end.set()
    other_ended.wait(10)


def run_other():
    grad(other)(3.0)
    other_ended.set()


alone = grad(f)(2.0)
thread = threading.Thread(target=run_other)
thread.start()
other_began.wait(10)
beside = grad(f)(2.0, let_the_other_end)
thread.join()
print("d/dx of x·(d/dy x·y) at 2, alone:                      ", alone)
print("the same, while another thread ends its own derivative:", beside)
sys.exit(0 if alone == 4.0 and beside != 4.0 else 1)
PYTHON
