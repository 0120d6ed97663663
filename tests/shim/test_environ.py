"""The guard of os.environ: what scripts write, delete and inherit."""

import unittest

from support import Listener, run

LIBRARIES = {"OMP_NUM_THREADS": 2, "OPENBLAS_NUM_THREADS": 1}
# What the C library sees, which is what a library reads when it loads.
SEEN = "import ctypes, os\nc = ctypes.CDLL(None); c.getenv.restype = ctypes.c_char_p\nseen = lambda n: (c.getenv(n.encode()) or b'-').decode()\n"


def ear(test):
    listener = Listener()
    test.addCleanup(listener.close)
    return listener


class Enforcing(unittest.TestCase):
    def outcome(self, script, **more):
        self.ear = ear(self)
        config = dict({"intra": 3, "inter": 4, "libraries": LIBRARIES, "socket": self.ear.path}, **more)
        done = run(["-c", SEEN + script], config)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_every_way_to_write_a_larger_value_is_lowered(self):
        ways = (
            "os.environ['OMP_NUM_THREADS'] = '7'",
            "os.environ.update(OMP_NUM_THREADS='7')",
            "os.environ |= {'OMP_NUM_THREADS': '7'}",
            "os.environb[b'OMP_NUM_THREADS'] = b'7'" ,
        )
        for way in ways:
            with self.subTest(way=way):
                self.assertEqual(self.outcome(way + "\nprint(seen('OMP_NUM_THREADS'), os.environ['OMP_NUM_THREADS'])"), ["2", "2"])

    def test_tensorflow_s_own_variables_have_their_caps(self):
        script = "os.environ['TF_NUM_INTRAOP_THREADS'] = '7'; os.environ['TF_NUM_INTEROP_THREADS'] = '0'\nprint(seen('TF_NUM_INTRAOP_THREADS'), seen('TF_NUM_INTEROP_THREADS'))"
        self.assertEqual(self.outcome(script), ["3", "4"])

    def test_a_smaller_value_is_kept(self):
        self.assertEqual(self.outcome("os.environ['OMP_NUM_THREADS'] = '1'\nprint(seen('OMP_NUM_THREADS'))"), ["1"])

    def test_lists_zero_and_nonsense_are_under_the_cap_too(self):
        for text, held in (("4,1", "2,1"), ("1,1", "1,1"), ("0", "2"), ("many", "2"), ("", "2"), ("-1", "2")):
            with self.subTest(text=text):
                self.assertEqual(self.outcome("os.environ['OMP_NUM_THREADS'] = %r\nprint(seen('OMP_NUM_THREADS'))" % text), [held])

    def test_a_deleted_variable_is_gone_for_the_script_and_kept_for_libraries(self):
        script = "%s\nprint('OMP_NUM_THREADS' in os.environ, seen('OMP_NUM_THREADS'))"
        for way in ("del os.environ['OMP_NUM_THREADS']", "os.environ.pop('OMP_NUM_THREADS')", "os.environ.clear()"):
            with self.subTest(way=way):
                self.assertEqual(self.outcome(script % way), ["False", "2"])

    def test_the_variable_that_adds_pools_reaches_nobody(self):
        script = "os.environ['TF_OVERRIDE_GLOBAL_THREADPOOL'] = '1'\nprint(os.environ['TF_OVERRIDE_GLOBAL_THREADPOOL'], seen('TF_OVERRIDE_GLOBAL_THREADPOOL'))"
        self.assertEqual(self.outcome(script), ["1", "-"])

    def test_a_child_that_inherits_too_much_is_corrected(self):
        script = (
            "import subprocess, sys\n"
            "code = 'import os; print(os.environ[\"OMP_NUM_THREADS\"], os.environ[\"OPENBLAS_NUM_THREADS\"])'\n"
            "child = dict(os.environ, OMP_NUM_THREADS='64'); del child['OPENBLAS_NUM_THREADS']\n"
            "print(subprocess.check_output([sys.executable, '-c', code], env=child, text=True))"
        )
        self.assertEqual(self.outcome(script), ["2", "1"])

    def test_other_variables_and_errors_are_untouched(self):
        script = (
            "os.environ['OTHER'] = '7'\nprint(seen('OTHER'), os.environ.pop('OTHER'), seen('OTHER'))\n"
            "for act in (lambda: os.environ.__setitem__('OMP_NUM_THREADS', 7), lambda: os.environ.__delitem__('OTHER')):\n"
            "    try: act()\n    except (TypeError, KeyError) as error: print(type(error).__name__)"
        )
        self.assertEqual(self.outcome(script), ["7", "7", "-", "TypeError", "KeyError"])

    def test_a_wish_names_variable_value_and_line(self):
        self.outcome("\nos.environ['OMP_NUM_THREADS'] = '7'")
        wish = self.ear.records("wish")[-1]
        self.assertEqual((wish["what"], wish["value"], wish["effective"], wish["started"]), ("env.OMP_NUM_THREADS", "7", "2", False))
        self.assertEqual(wish["at"], "<string>:5")


class Recording(unittest.TestCase):
    def test_nothing_is_changed_and_everything_is_reported(self):
        listener = ear(self)
        script = SEEN + "os.environ['OMP_NUM_THREADS'] = '7'; print(seen('OMP_NUM_THREADS'), seen('OPENBLAS_NUM_THREADS')); del os.environ['OMP_NUM_THREADS']; print(seen('OMP_NUM_THREADS'))"
        done = run(["-c", script], {"mode": "record", "libraries": LIBRARIES, "socket": listener.path})
        self.assertEqual(done.stdout.split(), ["7", "-", "-"])
        wish = listener.records("wish")[-1]
        self.assertEqual((wish["value"], wish["effective"]), ("7", "7"))
