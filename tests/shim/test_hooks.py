"""The import hook and the guard, on packages of the test's own that stand in for TensorFlow."""

import pathlib
import tempfile
import unittest

from support import Listener, run

CONTEXT = """
class Context:
    _context_handle = None
    _intra = None
    @property
    def config(self):
        "docs"
        return type("Config", (), dict(intra_op_parallelism_threads=self._intra or 0, inter_op_parallelism_threads=0,
            use_per_session_threads=False, session_inter_op_thread_pool=()))()
    @property
    def intra_op_parallelism_threads(self): return self.config.intra_op_parallelism_threads
    @intra_op_parallelism_threads.setter
    def intra_op_parallelism_threads(self, n): self._intra = n
    @property
    def inter_op_parallelism_threads(self): return 0
    @inter_op_parallelism_threads.setter
    def inter_op_parallelism_threads(self, n): pass
class pywrap_tfe:
    @staticmethod
    def TFE_NewContext(options): return "handle"
"""
USE = "from tensorflow.python.eager import context\nc = context.Context()\n"
# Functions run in the stand-in's graph while they are traced: at their first call.
FUNCTIONS = """
class context:
    graph = False
    @classmethod
    def executing_eagerly(cls): return not cls.graph
class Function:
    def __init__(self, work): self.work, self.__name__ = work, work.__name__
    def __call__(self, *arguments): return self.work(*arguments)
def function(work): return Function(work)
"""
CALLS = """
import threading, time
from tensorflow.python.eager.polymorphic_function.polymorphic_function import context, function
@function
def inner(x): time.sleep(0.002); return x
@function
def train_step(x): return inner(inner(x)) + 1
"""


class Imports(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = pathlib.Path(directory.name)
        self.ear = Listener()
        self.addCleanup(self.ear.close)
        self.module("tensorflow/python/eager/context.py", CONTEXT)
        self.module("tensorflow/python/eager/polymorphic_function/polymorphic_function.py", FUNCTIONS)

    def module(self, name, text):
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for parent in file.relative_to(self.path).parents:
            (self.path / parent / "__init__.py").touch()
        file.write_text(text)

    def outcome(self, script, **more):
        done = run(["-c", script], dict({"intra": 2, "data": 1, "socket": self.ear.path}, **more), self.path)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def failures(self):
        return {record["hook"] for record in self.ear.records("hook_failed")}

    def test_a_module_is_hooked_when_the_script_imports_it(self):
        self.assertEqual(self.outcome(USE + "c.intra_op_parallelism_threads = 9\nprint(c.config.intra_op_parallelism_threads)"), ["2"])
        hooked = {record["hook"] for record in self.ear.records("hooked")}
        self.assertLessEqual({"context.config", "context.wishes", "context.start"}, hooked)
        wish = self.ear.records("wish")[-1]
        self.assertEqual((wish["what"], wish["value"], wish["effective"], wish["at"]), ("intra", 9, 2, "<string>:3"))

    def test_recording_changes_nothing(self):
        script = USE + "c.intra_op_parallelism_threads = 9\nprint(c.config.intra_op_parallelism_threads)"
        self.assertEqual(self.outcome(script, mode="record"), ["9"])
        self.assertEqual(self.ear.records("wish")[-1]["effective"], 9)

    def test_a_script_that_imports_none_of_it_has_none_of_it(self):
        self.outcome("pass")
        self.assertEqual([record["hook"] for record in self.ear.records("hooked")], ["environ"])

    def test_loaders_specs_and_documentation_stay_what_they_were(self):
        script = USE + (
            "import inspect, sys\nspec = context.__spec__\n"
            "print(type(spec.loader).__name__, vars(spec.loader).keys() - {'name', 'path'}, context.Context.config.__doc__)\n"
            "inspect.getsource(context.Context)"
        )
        self.assertEqual(self.outcome(script), ["SourceFileLoader", "set()", "docs"])

    def test_the_start_is_reported_once_with_its_line_and_the_way_in_restored(self):
        script = USE + "c.config\ndef start(): return context.pywrap_tfe.TFE_NewContext(None)\nprint(start(), start(), context.pywrap_tfe.TFE_NewContext.__module__)"
        self.assertEqual(self.outcome(script), ["handle", "handle", "tensorflow.python.eager.context"])
        start, = self.ear.records("tf_started")
        self.assertEqual((start["by"], start["intra"], start["at"]), ("eager", 2, "<string>:4"))

    def test_a_module_that_changed_shape_fails_its_hook_only(self):
        self.module("tensorflow/python/eager/context.py", CONTEXT.replace("class pywrap_tfe", "class renamed"))
        self.assertEqual(self.outcome(USE + "print(c.config.intra_op_parallelism_threads)"), ["2"])
        self.assertEqual(self.failures(), {"context.start"})
        self.assertEqual(self.ear.records("hook_failed")[0]["caps"], [])

    def test_a_loader_that_takes_no_attribute_is_left_alone(self):
        script = (
            "import sys, importlib.machinery as m\n"
            "class Loader:\n"
            "    __slots__ = ()\n"
            "    def create_module(self, spec): return None\n"
            "    def exec_module(self, module): module.value = 7\n"
            "class Finder:\n"
            "    def find_spec(name, path=None, target=None):\n"
            "        return m.ModuleSpec(name, Loader()) if name.endswith('eager.context') else None\n"
            "sys.meta_path.insert(0, Finder)\n"
            "from tensorflow.python.eager import context as one\n"
            "sys.meta_path.remove(Finder); del sys.modules['tensorflow.python.eager.context']\n"
            "sys.meta_path.insert(1, Finder)\n"
            "from importlib import import_module\n"
            "print(one.value, import_module('tensorflow.python.eager.context').value)"
        )
        self.assertEqual(self.outcome(script), ["7", "7"])
        self.assertIn("context.config", self.failures())

    def test_a_hook_that_fails_later_lets_the_call_through(self):
        self.module("tensorflow/python/eager/context.py", CONTEXT.replace("inter_op_parallelism_threads=0", "renamed=0"))
        self.assertEqual(self.outcome(USE + "c.intra_op_parallelism_threads = 9\nprint(hasattr(c.config, 'renamed'), hasattr(c.config, 'renamed'))"), ["True", "True"])
        self.assertEqual(self.failures(), {"context.config"})
        self.assertEqual(self.ear.records("hook_failed")[0]["caps"], ["intra", "inter"])

    def test_empty_stand_ins_fail_every_hook_and_break_nothing(self):
        names = [
            "tensorflow.python.eager.context", "tensorflow.python.client.session", "tensorflow.python.client.device_lib",
            "tensorflow.python.training.server_lib", "tensorflow.python.data.ops.dataset_ops",
            "tensorflow.python.data.ops.iterator_ops",
            "tensorflow.python.eager.polymorphic_function.polymorphic_function", "keras.src.callbacks.callback_list", "keras.src.callbacks",
        ]
        for name in names:
            if name != "keras.src.callbacks":
                self.module(name.replace(".", "/") + ".py", "")
        self.assertEqual(self.outcome("".join("import %s\n" % name for name in names) + "print('ran')"), ["ran"])
        self.assertLessEqual({"context.config", "session.config", "devices.config", "server.config", "data.options", "data.consumers"}, self.failures())

    def test_a_failing_import_is_the_script_s_and_hooked_when_it_works(self):
        self.module("tensorflow/python/eager/context.py", "import builtins\nif not hasattr(builtins, 'again'):\n    builtins.again = 1\n    raise ImportError('mine')\n" + CONTEXT)
        script = "try:\n    import tensorflow.python.eager.context\nexcept ImportError as error:\n    print(error)\n"
        self.assertEqual(self.outcome(script + USE + "print(c.config.intra_op_parallelism_threads)"), ["mine", "2"])

    def calls(self, script, **more):
        """Marks of each function, and the microseconds within its calls."""
        self.outcome(CALLS + script, **more)
        marks = {}
        for record in self.ear.records("steps"):
            self.assertEqual(record["source"], "function")
            count, inside = marks.get(record["name"], (0, 0))
            marks[record["name"]] = count + len(record["durations_us"]), inside + record["inside_us"]
        return marks

    def test_outermost_calls_of_a_function_are_marked_and_inner_ones_are_not(self):
        marks = self.calls("for _ in range(6): train_step(1)")
        self.assertEqual([(name, count) for name, (count, _) in marks.items()], [("train_step", 5)])
        record = self.ear.records("steps")[0]
        self.assertEqual((record["at"], record["steps"], record["first"]), ("<string>:8", 5, 0))
        self.assertGreater(marks["train_step"][1], 5 * 2 * 2000)
        self.assertLessEqual(marks["train_step"][1], sum(record["durations_us"]) + len(record["durations_us"]))

    def test_calls_in_a_graph_and_by_other_threads_are_not_marked(self):
        script = (
            "for _ in range(3): train_step(1)\n"
            "context.graph = True\nfor _ in range(5): train_step(1)\ncontext.graph = False\n"
            "other = threading.Thread(target=lambda: [train_step(1) for _ in range(7)])\nother.start(); other.join()"
        )
        self.assertEqual(self.calls(script)["train_step"][0], 2)

    def test_a_call_that_fails_fails_as_before_and_the_next_one_counts(self):
        script = (
            "@function\ndef refuse(x): raise ValueError(x)\n"
            "for _ in range(3):\n    try: refuse('mine')\n    except ValueError as error: assert str(error) == 'mine'\n"
            "for _ in range(3): train_step(1)"
        )
        self.assertEqual([(name, count) for name, (count, _) in self.calls(script).items()], [("train_step", 2)])

    def test_functions_stay_what_they_were_and_can_be_copied_while_they_are_counted(self):
        script = (
            "import copy\nfor _ in range(3): train_step(1)\n"
            "assert vars(train_step).keys() == {'work', '__name__'}, vars(train_step)\n"
            "assert copy.copy(train_step)(1) == 2 and type(train_step).__call__.__name__ == '__call__'"
        )
        self.assertEqual(self.calls(script)["train_step"][0], 2)

    def test_a_flood_of_wishes_is_bounded(self):
        self.outcome(USE + "for n in range(1000): c.intra_op_parallelism_threads = n")
        self.assertLessEqual(len(self.ear.records("wish")), 200)


class LastHook(unittest.TestCase):
    def test_the_finder_leaves_with_the_last_module(self):
        with tempfile.TemporaryDirectory() as directory:
            pathlib.Path(directory, "only.py").write_text("value = 1")
            script = (
                "import sys\nfrom _tftop_shim import hooks\nshim = sys.modules['_tftop_shim']._installed[0]\n"
                "before = len(sys.meta_path)\nsys.meta_path.insert(0, hooks.Finder(shim, sys.meta_path, {'only': ()}))\n"
                "import only\nprint(only.value, len(sys.meta_path) - before)"
            )
            self.assertEqual(run(["-c", script], {"intra": 1}, directory).stdout.split(), ["1", "0"])
