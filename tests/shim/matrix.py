"""What holds, and what does not, on real TensorFlow: every script asks for more than its caps, seen from outside.

Needs TFTOP_TF_PYTHONS (interpreters with TensorFlow, separated by colons) and TFTOP_BINARY (the tftop that counts threads).
"""

import os
import unittest

from support import Target

INTRA, INTER, DATA = 3, 2, 1  # intra above and data below the CPUs of a small machine: no default looks like a cap
CAPS = {"intra": INTRA, "inter": INTER, "data": DATA, "libraries": {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1}}
POOLS = {"tf_numa_-1_Eigen": INTRA, "tf_Compute": INTER}
POOL = "tf_data_private_threadpool"
STAGES = "tf_data_iterator_resource"
NOISE = ("tftop", "Changing the value", "Traceback", "exception")
PYTHONS = [python for python in os.environ.get("TFTOP_TF_PYTHONS", "").split(":") if python]


@unittest.skipUnless(PYTHONS and os.environ.get("TFTOP_BINARY"), "TFTOP_TF_PYTHONS and TFTOP_BINARY are not set")
class Matrix(unittest.TestCase):
    """The common steps; figures are printed, so that a run of the suite is its own record."""

    def each(self, script, *arguments, **caps):
        """The script under the caps, once for every interpreter."""
        for python in PYTHONS:
            with Target(python, script, *arguments, **(caps or CAPS)) as target:
                yield target
                self.assertEqual(target.listener.records("hook_failed"), [])
                self.assertEqual(target.end(), 0, target.stderr())
                for word in NOISE:
                    self.assertNotIn(word, target.stderr())

    def seen(self, target, label, pid=None):
        """The threads of a target, printed under a label."""
        threads = target.threads(pid)
        start = target.listener.records("tf_started")
        figures = {name: threads[name] for name in (*POOLS, POOL, STAGES)}
        print("\n%-20s TF %s %s" % (label, start[-1]["tensorflow"] if start else "?", figures), end="", flush=True)
        return threads

    def assert_pools(self, threads, pools=None):
        """Both pools have exactly the size of their caps: the scripts ask for more."""
        self.assertEqual({name: threads[name] for name in POOLS}, pools or POOLS)


class Pools(Matrix):
    def test_a_script_that_sets_nothing(self):
        for target in self.each("limits.py", "nothing"):
            self.assert_pools(self.seen(target, "nothing"))

    def test_larger_values_through_tf_config(self):
        for target in self.each("limits.py", "setters"):
            self.assert_pools(self.seen(target, "setters"))
            wishes = [(wish["what"], wish["value"], wish["effective"], wish["started"]) for wish in target.listener.records("wish")]
            self.assertEqual(wishes[:2], [("intra", 7, INTRA, False), ("inter", 7, INTER, False)])
            self.assertRegex(target.listener.records("wish")[0]["at"], r"limits\.py:\d+$")
            start, = target.listener.records("tf_started")
            self.assertEqual((start["by"], start["intra"], start["inter"]), ("eager", INTRA, INTER))
            self.assertRegex(start["at"], r"work\.py:\d+$")

    def test_none_after_larger_values(self):
        for target in self.each("limits.py", "setters-none"):
            self.assert_pools(self.seen(target, "setters None"))

    def test_smaller_values_are_kept(self):
        for target in self.each("limits.py", "smaller"):
            self.assert_pools(self.seen(target, "smaller"), {"tf_numa_-1_Eigen": 1, "tf_Compute": 1})

    def test_a_setting_that_comes_too_late_is_reported_and_refused_as_ever(self):
        for target in self.each("limits.py", "late"):
            self.assert_pools(self.seen(target, "late setter"))
            self.assertEqual(target.facts["late"], "RuntimeError")
            wish = target.listener.records("wish")[-1]
            self.assertEqual((wish["what"], wish["value"], wish["effective"], wish["started"]), ("intra", 7, INTRA, True))

    def test_variables_written_before_the_import(self):
        for target in self.each("limits.py", "environ-before"):
            self.assert_pools(self.seen(target, "environ before"))

    def test_variables_written_after_the_import(self):
        for target in self.each("limits.py", "environ-after"):
            self.assert_pools(self.seen(target, "environ after"))

    def test_variables_deleted_after_the_import(self):
        for target in self.each("limits.py", "environ-deleted"):
            self.assert_pools(self.seen(target, "environ deleted"))

    def test_devices_listed_first(self):
        for target in self.each("limits.py", "devices"):
            self.assert_pools(self.seen(target, "list_local_devices"))
            self.assertEqual(target.listener.records("tf_started")[0]["by"], "devices")

    def test_a_v1_session(self):
        for target in self.each("session.py", "plain"):
            self.assert_pools(self.seen(target, "v1 session"))
            self.assertEqual(target.facts["asked"], 7)
            self.assertEqual(target.listener.records("tf_started")[0]["by"], "session")
            self.assertIn("session", {record["source"] for record in target.listener.records("steps")})

    def test_a_v1_session_beside_the_eager_context(self):
        # tf.data starts the eager context even where eager execution is off; it has an inter-op pool of its own.
        for target in self.each("session.py", "data"):
            self.assert_pools(self.seen(target, "v1 session, data"), dict(POOLS, tf_Compute=2 * INTER))
            self.assertEqual(target.facts["elements"], list(range(1, 21)))

    def test_recording_holds_nothing_and_tells_the_wish(self):
        for target in self.each("limits.py", "setters", **dict(CAPS, mode="record")):
            self.assert_pools(self.seen(target, "record only"), {"tf_numa_-1_Eigen": 7, "tf_Compute": 7})
            self.assertEqual(target.listener.records("wish")[0]["effective"], 7)


class Data(Matrix):
    def pipeline(self, which):
        """A pipeline's target and its threads; order and concurrency are checked here."""
        for target in self.each("pipeline.py", which):
            threads = self.seen(target, "data " + which)
            print(" together", target.facts["most"], end="")
            self.assertLessEqual(target.facts["most"], DATA)
            # Keras may keep the iterator of a fit that ended, with its pool.
            self.assertIn(threads[POOL], (DATA, 2 * DATA) if which == "consumers" else (DATA,))
            self.assertEqual(target.facts["asked"], 8)  # the script's own object is not changed
            yield target, threads

    def test_options_and_num_parallel_calls_of_eight(self):
        for target, _ in self.pipeline("options"):
            self.assertEqual(target.facts["elements"], list(range(48)))
            wishes = {(wish["what"], wish["value"], wish["effective"]) for wish in target.listener.records("wish")}
            expected = {("data.private_threadpool_size", 8, DATA), ("data.cpu_budget", 8, DATA), ("data.num_parallel_calls", 8, DATA)}
            self.assertLessEqual(expected, wishes)

    def test_autotune(self):
        for target, _ in self.pipeline("autotune"):
            self.assertEqual(target.facts["elements"], list(range(48)))

    def test_eight_calls_without_options(self):
        for target, _ in self.pipeline("unset"):
            self.assertEqual(target.facts["elements"], list(range(48)))

    def test_interleave(self):
        expected = [block * 8 + i for block in range(4) for _ in range(3) for i in range(8)]
        for which in ("interleave", "interleave-autotune"):
            for target, threads in self.pipeline(which):
                self.assertEqual(target.facts["elements"], expected)
                self.assertLess(threads[STAGES], 20)  # 10 to 15 were seen, and 36 without the cap

    def test_num_parallel_calls_that_only_the_graph_knows(self):
        folded = 0
        for i in range(48):
            folded = (folded * 3 + i + 2**63) % 2**64 - 2**63
        for target, _ in self.pipeline("variable"):
            self.assertEqual(target.facts["folded"], folded)

    def test_every_consumer(self):
        for target, _ in self.pipeline("consumers"):
            print("", target.facts["consumers"], end="")
            over = {name: most for name, most in target.facts["consumers"].items() if not 1 <= most <= DATA}
            self.assertEqual(over, {})

    def test_a_data_service_in_the_process(self):
        for target in self.each("service.py"):
            threads = self.seen(target, "data service")
            print(" together", target.facts["most"], end="")
            self.assertEqual(target.facts["elements"], list(range(48)))
            self.assertLessEqual(target.facts["most"], DATA)
            # A pool for each iterator of worker and client, up to 4 seen: a cap is for each pool, not for their sum.
            self.assertLessEqual(threads[POOL], 6 * DATA)


class Steps(Matrix):
    def marks(self, target, source):
        """Every mark of a source: how many, how many steps."""
        found = [record for record in target.listener.records("steps") if record["source"] == source]
        return sum(len(record["durations_us"]) for record in found), sum(record["steps"] for record in found)

    def test_fit(self):
        for target in self.each("loops.py", "fit"):
            self.assert_pools(self.seen(target, "fit"))
            self.assertEqual(self.marks(target, "keras"), (40, 40))
            epochs = [(record["epoch"], record["epochs"]) for record in target.listener.records("epoch")]
            self.assertEqual(epochs, [(0, 2), (1, 2)])

    def test_several_steps_an_execution(self):
        for target in self.each("loops.py", "fit-executions"):
            self.assertEqual(self.marks(target, "keras"), (8, 40))

    def test_loops_over_an_iterator(self):
        for which in ("custom", "get-next"):
            for target in self.each("loops.py", which):
                self.assert_pools(self.seen(target, "loop " + which))
                target.end()
                self.assertEqual(self.marks(target, "iterator"), (19, 19))  # the first element only starts the clock
                found = [record for record in target.listener.records("steps") if record["source"] == "iterator"]
                self.assertRegex(found[0]["at"], r"loops\.py:\d+$")

    def test_calls_of_a_function(self):
        for target in self.each("loops.py", "calls"):
            self.assert_pools(self.seen(target, "calls"))
            target.end()
            found = [record for record in target.listener.records("steps") if record["name"] == "train_step"]
            self.assertEqual(sum(len(record["durations_us"]) for record in found), 19)  # the first call only starts the clock
            self.assertRegex(found[0]["at"], r"loops\.py:\d+$")
            inner = sum(record["inside_us"] for record in target.listener.records("steps") if record["name"] == "inner")
            self.assertGreater(sum(record["inside_us"] for record in found), inner)

    def test_a_fit_s_own_functions_are_not_marked(self):
        for target in self.each("loops.py", "fit-calls"):
            target.end()
            self.assertEqual((self.marks(target, "keras"), self.marks(target, "function")), ((40, 40), (0, 0)))

    def test_jit_compile(self):
        for target in self.each("loops.py", "jit"):
            threads = self.seen(target, "jit_compile")
            self.assert_pools(threads)
            self.assertEqual(threads["tf_XLAEigen"], INTRA)
            others = {name: count for name, count in threads.items() if name and ("xla" in name or "compiler" in name or "executor" in name)}
            print(" not held:", others, end="")


class Children(Matrix):
    def test_each_way_to_start_a_child(self):
        for how in ("spawn", "fork", "subprocess"):
            for target in self.each("children.py", how):
                self.assert_pools(self.seen(target, "child " + how, target.facts["pid"]))
                starts = {record["pid"] for record in target.listener.records("process_start")}
                self.assertIn(target.facts["pid"], starts)

    def test_an_isolated_child_is_not_attached_and_not_held(self):
        for target in self.each("children.py", "isolated"):
            self.assert_pools(self.seen(target, "child -I", target.facts["pid"]), {"tf_numa_-1_Eigen": 7, "tf_Compute": 7})
            starts = {record["pid"] for record in target.listener.records("process_start")}
            self.assertNotIn(target.facts["pid"], starts)


if __name__ == "__main__":
    unittest.main()
