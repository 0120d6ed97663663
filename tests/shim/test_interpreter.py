"""The shim in all kinds of interpreters: chained files, children, modes of starting; and what it leaves behind."""

import ast
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from support import SHIM, Listener, environment, run

CAPS = {"intra": 2, "libraries": {"OMP_NUM_THREADS": 1}}
ATTACHED = "import sys; print('_tftop_shim' in sys.modules)"


class Files(unittest.TestCase):
    def test_every_file_is_python_3_9(self):
        files = sorted(SHIM.rglob("*.py"))
        self.assertGreater(len(files), 10)
        for file in files:
            ast.parse(file.read_text(), feature_version=(3, 9))

    def test_no_file_imports_tensorflow_by_itself(self):
        for file in SHIM.rglob("*.py"):
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                    self.assertFalse([name for name in names if name.startswith(("tensorflow", "keras", "numpy"))], file)


class Chaining(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name)

    def hidden(self, text):
        (self.path / "sitecustomize.py").write_text(text)

    def test_the_hidden_sitecustomize_runs_and_is_the_module(self):
        self.hidden("import builtins\nbuiltins.seen = __name__, __file__\n")
        done = run(["-c", "import sitecustomize; print(*seen, sitecustomize.__file__)"], CAPS, self.path)
        mine = str(self.path / "sitecustomize.py")
        self.assertEqual(done.stdout.split(), ["sitecustomize", mine, mine])

    def test_its_failure_looks_as_it_does_alone(self):
        for text in ("raise ValueError('mine')", "import not_there_at_all", "raise SystemExit(5)", "def"):
            self.hidden(text)
            alone = dict(environment(None), PYTHONPATH=str(self.path))
            bare = subprocess.run([sys.executable, "-c", "print(1)"], env=alone, capture_output=True, text=True)
            shimmed = run(["-c", "print(1)"], CAPS, self.path)
            self.assertEqual((shimmed.stdout, shimmed.returncode), (bare.stdout, bare.returncode))
            ours = [line for line in shimmed.stderr.splitlines() if line not in bare.stderr.splitlines()]
            frames = ("Error in sitecustomize", "Fatal Python", "Python runtime", "  File", "    ")
            self.assertEqual([line for line in ours if not line.startswith(frames)], [])

    def test_usercustomize_still_runs(self):
        (self.path / "usercustomize.py").write_text("import builtins\nbuiltins.user = 1\n")
        self.assertEqual(run(["-c", "print(user)"], CAPS, self.path).stdout, "1\n")

    def test_two_shims_on_the_path_hook_once(self):
        ear = Listener()
        self.addCleanup(ear.close)
        other = self.path / "other"
        other.symlink_to(SHIM)
        run(["-c", "pass"], dict(CAPS, socket=ear.path), other)
        self.assertEqual(len(ear.records("process_start")), 1)

    def test_a_broken_shim_is_swallowed(self):
        package = self.path / "broken"
        (package / "_tftop_shim").mkdir(parents=True)
        (package / "sitecustomize.py").write_text((SHIM / "sitecustomize.py").read_text())
        for text in ("raise RuntimeError", "def", "def install(text): 1 / 0", "import not_there"):
            (package / "_tftop_shim" / "__init__.py").write_text(text)
            names = dict(environment(CAPS), PYTHONPATH=str(package))
            done = subprocess.run([sys.executable, "-c", "print('ran')"], env=names, capture_output=True, text=True)
            self.assertEqual((done.stdout, done.stderr, done.returncode), ("ran\n", "", 0))


class Traces(unittest.TestCase):
    def test_sys_path_and_the_names_of_modules_are_as_without_the_shim(self):
        script = "import sys, builtins; print(sys.path, sorted(dir(builtins)), sorted(globals()))"
        alone = {name: text for name, text in environment(None).items() if name != "PYTHONPATH"}
        bare = subprocess.run([sys.executable, "-c", script], env=alone, capture_output=True, text=True)
        self.assertEqual(run(["-c", script], CAPS).stdout, bare.stdout)

    def test_no_descriptor_stays_open(self):
        ear = Listener()
        self.addCleanup(ear.close)
        script = "import os; print(len(os.listdir('/proc/self/fd')))"
        self.assertEqual(run(["-c", script], dict(CAPS, socket=ear.path)).stdout, run(["-c", script], None).stdout)
        self.assertTrue(ear.records("process_start"))


class Starting(unittest.TestCase):
    def setUp(self):
        self.ear = Listener()
        self.addCleanup(self.ear.close)
        self.caps = dict(CAPS, socket=self.ear.path)

    def test_a_process_reports_its_start_and_its_end(self):
        run(["-c", "pass"], self.caps)
        first, last = self.ear.records()[0], self.ear.records()[-1]
        self.assertEqual((first["event"], first["how"], first["seq"], first["v"]), ("process_start", "exec", 0, 1))
        self.assertEqual((first["ppid"], first["python"]), (os.getpid(), sys.version.split()[0]))
        self.assertEqual((last["event"], last["pid"]), ("process_exit", first["pid"]))

    def test_it_attaches_to_modules_children_and_environments(self):
        for arguments in (["-c", ATTACHED], ["-m", "timeit", "-n1", "-r1", "-s", ATTACHED, "1"]):
            self.assertTrue(run(arguments, self.caps).stdout.startswith("True"))
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
            self.assertEqual(run(["-c", ATTACHED], self.caps, python=directory + "/bin/python").stdout, "True\n")

    def test_it_does_not_attach_to_isolated_interpreters(self):
        for flag in ("-I", "-E", "-S"):
            self.assertEqual(run([flag, "-c", ATTACHED], self.caps).stdout, "False\n")
        self.assertEqual(self.ear.records(), [])

    def test_spawned_and_forked_children_report_themselves(self):
        script = (
            "import multiprocessing as m, os\n"
            "if __name__ == '__main__':\n"
            "    for how in ('spawn', 'fork'):\n"
            "        p = m.get_context(how).Process(target=print); p.start(); p.join()\n"
        )
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, "main.py")
            file.write_text(script)
            self.assertEqual(run([str(file)], self.caps).stderr, "")
        starts = self.ear.records("process_start")
        parent = starts[0]["pid"]
        forked = [record for record in starts if record["how"] == "fork" and record["ppid"] == parent]
        spawned = [record for record in starts[1:] if record["how"] == "exec" and record["ppid"] == parent]
        self.assertEqual(len(forked), 1)
        self.assertGreaterEqual(len(spawned), 1)  # and multiprocessing's resource tracker
        self.assertEqual(forked[0]["seq"], 0)

    def test_an_error_of_the_script_is_only_its_own(self):
        done = run(["-c", "1 / 0"], self.caps)
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("tftop", done.stderr)
