"""tf.data's own pool: every iterator gets one, of N threads unless its options say less.

Relies on tensorflow/python/data/ops/dataset_ops.py, TF 2.15 to 2.21: options reach the runtime only through
`_OptionsDataset`, and whatever consumes a dataset (iter, fit, v1 iterators, reduce, save, the data service, several
devices) asks `_apply_debug_options` for it first; get_single_element alone does not. The script's values are lowered
where they enter and missing ones are added at the end: changing a value that is set makes TensorFlow warn on stderr.
"""

import copy
import functools

OWN = "_tftop_own"  # marks options the shim itself adds: nobody's wish
# (group of options, field): 0 and unset both mean "as many as there are CPUs".
FIELDS = (("threading", "private_threadpool_size"), ("autotune", "cpu_budget"))


def limit_options(module, shim):
    """Lowers the options the script sets."""
    original = module._OptionsDataset.__init__

    @functools.wraps(original)
    def __init__(self, input_dataset, options, *arguments, **named):
        if OWN not in options.__dict__:
            options = shim.guard("data.options", _lowered, options, options, shim)
        original(self, input_dataset, options, *arguments, **named)

    module._OptionsDataset.__init__ = __init__


def limit_consumers(module, shim):
    """Adds the options the script left unset, whoever consumes the dataset."""
    original = module.DatasetV2._apply_debug_options

    @functools.wraps(original)
    def _apply_debug_options(self):
        dataset = original(self)
        return shim.guard("data.consumers", _completed, dataset, module, dataset, shim)

    module.DatasetV2._apply_debug_options = _apply_debug_options


def limit_single_element(module, shim):
    """The same for get_single_element, outside graphs: a graph may be saved, and must not take the cap with it."""
    original = module.DatasetV2.get_single_element
    eager = module.context.executing_eagerly

    @functools.wraps(original)
    def get_single_element(self, *arguments, **named):
        dataset = self
        if eager():
            dataset = shim.guard("data.single_element", _completed, self, module, self, shim)
        return original(dataset, *arguments, **named)

    module.DatasetV2.get_single_element = get_single_element


def _lowered(options, shim):
    cap = shim.cap("data")
    lowered = options
    for group, field in FIELDS:
        asked = getattr(getattr(options, group), field)
        if asked is None:
            continue
        effective = asked if cap is None else min(asked or cap, cap)
        shim.wish("data." + field, asked, effective, "with_options")
        if effective != asked:
            if lowered is options:
                lowered = copy.deepcopy(options)  # the script's own object stays as it is
                lowered._set_mutable(True)
            setattr(getattr(lowered, group), field, effective)
    return lowered


def _completed(module, dataset, shim):
    cap = shim.cap("data")
    if cap is None:
        return dataset
    present = dataset.options()
    missing = [(group, field) for group, field in FIELDS if getattr(getattr(present, group), field) is None]
    if not missing:
        return dataset
    options = module.options_lib.Options()
    options.__dict__[OWN] = True
    for group, field in missing:
        setattr(getattr(options, group), field, cap)
    return module._OptionsDataset(dataset, options)
