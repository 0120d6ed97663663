"""What the shim accepts as its configuration, and that anything else leaves the script alone."""

import os
import sys
import unittest

from support import SHIM, Listener, run

sys.path.append(str(SHIM))
from _tftop_shim import config  # noqa: E402

BROKEN = (
    "", "{", "[]", "null", "7", '{"mode":"both"}', '{"intra":0}', '{"intra":-1}', '{"inter":"2"}', '{"data":true}',
    '{"intra":1.5}', '{"libraries":[1]}', '{"libraries":{"OMP_NUM_THREADS":0}}', '{"socket":7}', "\udcff", "[" * 5000,
)


class Parsing(unittest.TestCase):
    def test_caps_and_mode_are_read(self):
        found = config.parse('{"mode":"record","intra":2,"data":1,"libraries":{"OMP_NUM_THREADS":3},"socket":"/s","later":1}')
        self.assertFalse(found.enforce)
        self.assertEqual(found.caps, {"intra": 2, "inter": None, "data": 1})
        self.assertEqual(found.libraries, {"OMP_NUM_THREADS": 3})
        self.assertEqual(found.socket, "/s")

    def test_enforcing_is_the_default(self):
        self.assertTrue(config.parse("{}").enforce)

    def test_what_is_not_understood_is_refused(self):
        for text in BROKEN:
            with self.subTest(text=text[:40]), self.assertRaises((ValueError, RecursionError)):
                config.parse(text)


class BrokenConfiguration(unittest.TestCase):
    def test_the_script_runs_as_if_alone(self):
        for text in (None, *BROKEN):
            with self.subTest(text=text and text[:40]):
                done = run(["-c", "import sys; print('ran', '_tftop_shim.hooks' in sys.modules and len(sys.meta_path)); sys.exit(3)"], text)
                self.assertTrue(done.stdout.startswith("ran"), done)
                self.assertEqual((done.stderr, done.returncode), ("", 3))

    def test_the_environment_is_not_guarded(self):
        script = "import os; os.environ['OMP_NUM_THREADS'] = '7'; print(os.environ['OMP_NUM_THREADS'])"
        self.assertEqual(run(["-c", script], '{"libraries":{"OMP_NUM_THREADS":1},"intra":0}').stdout, "7\n")


class NoListener(unittest.TestCase):
    def test_a_dead_missing_or_full_socket_changes_nothing(self):
        full = Listener()
        self.addCleanup(full.close)
        paths = ("/nowhere/at/all", "/" + "x" * 300, os.devnull, full.path)
        flood = "import sys\nshim = sys.modules['_tftop_shim']._installed[0]\nfor i in range(3000): shim.emit('test', i=i)\nprint('ran')"
        for path in paths:
            with self.subTest(path=path[:20]):
                done = run(["-c", flood], {"intra": 1, "socket": path})
                self.assertEqual((done.stdout, done.stderr, done.returncode), ("ran\n", "", 0))
        self.assertLess(len(full.records("test")), 3000)  # dropped, not waited for

    def test_a_listener_that_comes_back_is_found_again(self):
        ear = Listener()
        self.addCleanup(ear.close)
        script = (
            "import os, sys\nshim = sys.modules['_tftop_shim']._installed[0]\npath = shim.config.socket\n"
            "os.rename(path, path + '.away')\nshim.emit('lost')\nos.rename(path + '.away', path)\nshim.emit('heard')"
        )
        run(["-c", script], {"socket": ear.path})
        events = [record["event"] for record in ear.records()]
        self.assertIn("heard", events)
        self.assertNotIn("lost", events)
        numbers = [record["seq"] for record in ear.records()]
        self.assertEqual(set(range(max(numbers) + 1)) - set(numbers), {numbers[events.index("heard")] - 1})
