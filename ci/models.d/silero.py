"""Turns Silero's TorchScript voice detector into whisper.cpp's ggml file, byte for byte the published one.

TorchScript is a zip of a pickle and one file per storage. The pickle is read without torch, and without trust: classes
become empty shells and only the four constructors such a file needs are known.
"""

import collections
import io
import pickle
import zipfile

from ggml import F16, F32, MAGIC, ints, narrow, tensor

WINDOW, CONTEXT, KERNEL = 512, 64, 3
CONVOLUTIONS = [(129, 128), (128, 64), (64, 64), (64, 128)]
HIDDEN = 128


class Shell:
    """Stands in for every TorchScript module class: holds attributes, does nothing."""

    def __setstate__(self, state):
        self.__dict__.update(state)


class Reader(pickle.Unpickler):
    """Unpickles modules as shells and tensors as (shape, bytes)."""

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        known = {
            "_rebuild_tensor_v2": lambda storage, offset, shape, *rest: (list(shape), storage),
            "FloatStorage": "f32",
            "build_intlist": list,
            "OrderedDict": collections.OrderedDict,
        }
        if module.startswith("__torch__"):
            return type(name, (Shell,), {})
        if name not in known:
            raise pickle.UnpicklingError(f"unexpected constructor {module}.{name}")
        return known[name]

    def persistent_load(self, handle):
        return self.archive.read(f"{self.root}/data/{handle[2]}")


def attribute(module, path):
    """The member at a dotted path, as state_dict spells it."""
    for part in path.split("."):
        module = module.__dict__[part]
    return module


def convert(torchscript, version):
    """The ggml file of the 16 kHz half of a Silero release."""
    with zipfile.ZipFile(io.BytesIO(torchscript)) as archive:
        root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).rsplit("/", 1)[0]
        model = Reader(archive, root).load()

    kind = b"silero-16k"
    header = ints(MAGIC, len(kind)) + kind + ints(*version, WINDOW, CONTEXT, len(CONVOLUTIONS))
    header += b"".join(ints(wide, narrowed, KERNEL) for wide, narrowed in CONVOLUTIONS)
    header += ints(HIDDEN, HIDDEN, HIDDEN, 1)

    encoder = [f"encoder.{index}.reparam_conv.{part}" for index in range(len(CONVOLUTIONS)) for part in ("weight", "bias")]
    recurrent = [f"decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    names = [*encoder, *recurrent, "decoder.decoder.2.weight", "decoder.decoder.2.bias", "stft.forward_basis_buffer"]
    out = []
    for name in names:
        shape, data = attribute(model, f"_model.{name}")
        if not name.startswith("stft"):
            shape = [size for size in shape if size != 1]
        convolution = name.startswith("stft") or (name.endswith("weight") and "rnn" not in name)
        record = (F16, narrow(data)) if convolution else (F32, data)
        out.append(tensor(f"_model.{name}", shape, *record))
    return header + b"".join(out)
