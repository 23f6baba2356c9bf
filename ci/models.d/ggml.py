"""Writes the ggml container of whisper.cpp, so that the converters only say which tensor comes next."""

import math
import struct

MAGIC = 0x67676D6C
F32, F16 = 0, 1


def ints(*values):
    """Little-endian 32-bit integers, the only number type of the header."""
    return struct.pack(f"<{len(values)}i", *values)


def widen(half):
    """Bytes of f16 as bytes of f32."""
    count = len(half) // 2
    return struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", half))


def narrow(single):
    """Bytes of f32 as bytes of f16, rounded to nearest even."""
    count = len(single) // 4
    return struct.pack(f"<{count}e", *struct.unpack(f"<{count}f", single))


def tensor(name, shape, kind, data):
    """One tensor record; `shape` is in row-major order, the file wants it reversed."""
    if len(data) != math.prod(shape) * (2 if kind == F16 else 4):
        raise ValueError(f"tensor {name}: {len(data)} bytes do not fill the shape {shape}")
    name = name.encode()
    return ints(len(shape), len(name), kind, *reversed(shape)) + name + data
