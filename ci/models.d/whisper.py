"""Turns a CTranslate2 Whisper checkpoint (f16) back into whisper.cpp's ggml file, byte for byte the published one.

The tensor order is that of the original checkpoint. CTranslate2 fuses query, key and value into one matrix, so they are
cut apart again; its key bias is all zero and has no place in the original.
"""

import base64
import io
import struct
import zipfile

from ggml import F16, F32, MAGIC, ints, tensor, widen

F16_CODE = 4  # CTranslate2's number for the half-precision type


def read_checkpoint(raw):
    """name -> (shape, bytes) of every half-precision variable of a CTranslate2 model.bin."""
    at = 0

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, raw, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        size = take("H")
        at += size
        return raw[at - size : at].rstrip(b"\0").decode()

    version, spec, _revision = take("I"), text(), take("I")
    if (version, spec) != (6, "WhisperSpec"):
        raise ValueError(f"expected WhisperSpec in container version 6, found {spec} in version {version}")
    variables = {}
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        kind, size = take("B"), take("I")
        if kind == F16_CODE:
            variables[name] = (shape, raw[at : at + size])
        at += size
    return variables


def read_npy(raw):
    """(shape, bytes) of a little-endian f32 C-order .npy array."""
    if raw[:6] != b"\x93NUMPY" or raw[6] != 1:
        raise ValueError("not a version 1 .npy array")
    end = 10 + struct.unpack_from("<H", raw, 8)[0]
    header = raw[10:end].decode("latin-1")
    if "'<f4'" not in header or "'fortran_order': False" not in header:
        raise ValueError(f"unexpected array layout {header.strip()}")
    inside = header.split("'shape': (")[1].split(")")[0]
    return [int(size) for size in inside.split(",") if size.strip()], raw[end:]


def mel_filters(npz, bands):
    """Shape and f32 data of the mel filter bank; today's file has one -0.0 where the published model has +0.0."""
    with zipfile.ZipFile(io.BytesIO(npz)) as archive:
        shape, data = read_npy(archive.read(f"mel_{bands}.npy"))
    values = struct.unpack(f"<{len(data) // 4}f", data)
    return ints(*shape) + struct.pack(f"<{len(values)}f", *(value + 0.0 for value in values))


def vocabulary(tiktoken):
    """Token byte strings by rank; then the end-of-text token that the published English models carry, for which the
    multilingual vocabulary has an empty one."""
    lines = sorted((int(rank), token) for token, rank in map(bytes.split, tiktoken.splitlines()))
    tokens = [b"" if token == b"=" else base64.b64decode(token) for _, token in lines]
    if tokens[-1]:
        tokens.append(b"<|endoftext|>")
    return ints(len(tokens)) + b"".join(ints(len(token)) + token for token in tokens)


def convert(model_bin, npz, tiktoken):
    """The ggml file of a Whisper model."""
    variables = read_checkpoint(model_bin)
    out = []

    def emit(target, source, rows=None, single=False):
        """Writes one variable, or the slice `rows` = (part, parts) of a fused one."""
        shape, data = variables[source]
        shape = list(shape)
        if rows:
            part, parts = rows
            size = len(data) // parts
            shape[0] //= parts
            data = data[part * size : (part + 1) * size]
        if single or len(shape) < 2:
            out.append(tensor(target, shape, F32, widen(data)))
        else:
            out.append(tensor(target, shape, F16, data))

    def linear(target, source, rows=None, bias=True):
        emit(f"{target}.weight", f"{source}/weight", rows)
        if bias:
            emit(f"{target}.bias", f"{source}/bias", rows)

    def norm(target, source):
        emit(f"{target}.weight", f"{source}/gamma")
        emit(f"{target}.bias", f"{source}/beta")

    def block(side, index, cross):
        target, source = f"{side}.blocks.{index}", f"{side}/layer_{index}"
        norm(f"{target}.mlp_ln", f"{source}/ffn/layer_norm")
        linear(f"{target}.mlp.0", f"{source}/ffn/linear_0")
        linear(f"{target}.mlp.2", f"{source}/ffn/linear_1")
        norm(f"{target}.attn_ln", f"{source}/self_attention/layer_norm")
        fused = f"{source}/self_attention/linear_0"
        linear(f"{target}.attn.query", fused, (0, 3))
        linear(f"{target}.attn.key", fused, (1, 3), bias=False)
        linear(f"{target}.attn.value", fused, (2, 3))
        linear(f"{target}.attn.out", f"{source}/self_attention/linear_1")
        if cross:
            norm(f"{target}.cross_attn_ln", f"{source}/attention/layer_norm")
            linear(f"{target}.cross_attn.query", f"{source}/attention/linear_0")
            linear(f"{target}.cross_attn.key", f"{source}/attention/linear_1", (0, 2), bias=False)
            linear(f"{target}.cross_attn.value", f"{source}/attention/linear_1", (1, 2))
            linear(f"{target}.cross_attn.out", f"{source}/attention/linear_2")

    def layers(side):
        return sum(name.startswith(f"{side}/layer_") and name.endswith("ffn/linear_0/bias") for name in variables)

    audio_context, audio_state = variables["encoder/position_encodings/encodings"][0]
    text_context, text_state = variables["decoder/position_encodings/encodings"][0]
    entries = variables["decoder/embeddings/weight"][0][0]
    bands = variables["encoder/conv1/weight"][0][1]

    emit("decoder.positional_embedding", "decoder/position_encodings/encodings", single=True)
    # The stored half-precision table is what the published file was widened from; computing the sinusoids anew differs.
    emit("encoder.positional_embedding", "encoder/position_encodings/encodings", single=True)
    emit("decoder.token_embedding.weight", "decoder/embeddings/weight")
    for index in range(layers("decoder")):
        block("decoder", index, cross=True)
    norm("decoder.ln", "decoder/layer_norm")
    for name in ("conv1", "conv2"):
        emit(f"encoder.{name}.weight", f"encoder/{name}/weight")
        shape, data = variables[f"encoder/{name}/bias"]
        out.append(tensor(f"encoder.{name}.bias", [*shape, 1], F32, widen(data)))
    for index in range(layers("encoder")):
        block("encoder", index, cross=False)
    norm("encoder.ln_post", "encoder/layer_norm")

    # Every Whisper size has attention heads of 64.
    audio = (audio_context, audio_state, audio_state // 64, layers("encoder"))
    words = (text_context, text_state, text_state // 64, layers("decoder"))
    header = ints(MAGIC, entries, *audio, *words, bands, F16)
    return header + mel_filters(npz, bands) + vocabulary(tiktoken) + b"".join(out)
