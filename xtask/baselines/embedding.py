"""Embeds texts by onnxruntime, as the baseline of `cargo xtask bench matching`.

usage: embedding.py MODEL_FOLDER CACHE_FOLDER < {"texts": [[...], ...], "rounds": n}

The weights become ONNX here, once, in two forms: with the plain operators that an export from PyTorch has, which
onnxruntime fuses as far as it can; and with onnxruntime's own fused operators for BERT. Both are measured with several
batch sizes, on one thread, tokenisation included; the caller takes the fastest.

Texts of one batch are padded to its longest, as sentence-transformers does; texts are sorted by length before, as it does.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

WIDTH, HEADS, LAYERS, LONGEST = 384, 12, 6, 256
BATCHES = (1, 4, 16)


class Graph:
    """Nodes and weights under construction."""

    def __init__(self, weights):
        self.weights = weights
        self.nodes, self.initialisers, self.count = [], [], 0

    def constant(self, values):
        self.count += 1
        name = f"constant_{self.count}"
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name):
        return self.constant(self.weights[name])

    def node(self, operator, *inputs, domain="", outputs=1, **attributes):
        self.count += 1
        names = [f"value_{self.count}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, domain=domain, **attributes))
        return names[0]

    def linear(self, value, name):
        product = self.node("MatMul", value, self.constant(self.weights[f"{name}.weight"].T))
        return self.node("Add", product, self.weight(f"{name}.bias"))

    def norm(self, value, name):
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", value, weight, bias, axis=-1, epsilon=1e-12)

    def skip_norm(self, value, added, name, added_bias):
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node(
            "SkipLayerNormalization", value, added, weight, bias, self.weight(added_bias), domain="com.microsoft", epsilon=1e-12
        )


def embeddings(graph):
    """Sum of the word, position and type embeddings, normalised."""
    words = graph.node("Gather", graph.weight("embeddings.word_embeddings.weight"), "input_ids")
    table = graph.weights["embeddings.position_embeddings.weight"] + graph.weights["embeddings.token_type_embeddings.weight"][0]
    length = graph.node("Gather", graph.node("Shape", "input_ids"), graph.constant(np.array([1])))
    zero = graph.constant(np.array([0]))
    positions = graph.node("Slice", graph.constant(table), zero, length, zero)
    return graph.norm(graph.node("Add", words, positions), "embeddings.LayerNorm")


def plain_attention(graph, value, layer):
    """Attention as an export from PyTorch writes it."""
    def heads(part, order):
        rows = graph.linear(value, f"{layer}.attention.self.{part}")
        split = graph.node("Reshape", rows, graph.constant(np.array([0, 0, HEADS, WIDTH // HEADS])))
        return graph.node("Transpose", split, perm=order)

    query, key, values = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
    scores = graph.node("Div", graph.node("MatMul", query, key), graph.constant(np.float32((WIDTH / HEADS) ** 0.5)))
    weights = graph.node("Softmax", graph.node("Add", scores, "bias"), axis=-1)
    context = graph.node("Transpose", graph.node("MatMul", weights, values), perm=[0, 2, 1, 3])
    return graph.node("Reshape", context, graph.constant(np.array([0, 0, WIDTH])))


def fused_attention(graph, value, layer):
    """onnxruntime's operator for the whole of self-attention."""
    parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([graph.weights[f"{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([graph.weights[f"{part}.bias"] for part in parts])
    return graph.node(
        "Attention", value, graph.constant(weight), graph.constant(bias), "lengths", domain="com.microsoft", num_heads=HEADS
    )


def plain_layer(graph, value, layer):
    context = graph.linear(plain_attention(graph, value, layer), f"{layer}.attention.output.dense")
    value = graph.norm(graph.node("Add", context, value), f"{layer}.attention.output.LayerNorm")
    hidden = graph.linear(value, f"{layer}.intermediate.dense")
    inner = graph.node("Erf", graph.node("Div", hidden, graph.constant(np.float32(2**0.5))))
    raised = graph.node("Mul", hidden, graph.node("Add", inner, graph.constant(np.float32(1))))
    hidden = graph.node("Mul", raised, graph.constant(np.float32(0.5)))
    out = graph.linear(hidden, f"{layer}.output.dense")
    return graph.norm(graph.node("Add", out, value), f"{layer}.output.LayerNorm")


def fused_layer(graph, value, layer):
    def product(value, name):
        return graph.node("MatMul", value, graph.constant(graph.weights[f"{name}.weight"].T))

    name = f"{layer}.attention.output"
    context = product(fused_attention(graph, value, layer), f"{name}.dense")
    value = graph.skip_norm(context, value, f"{name}.LayerNorm", f"{name}.dense.bias")
    hidden = product(value, f"{layer}.intermediate.dense")
    hidden = graph.node("BiasGelu", hidden, graph.weight(f"{layer}.intermediate.dense.bias"), domain="com.microsoft")
    out = product(hidden, f"{layer}.output.dense")
    return graph.skip_norm(out, value, f"{layer}.output.LayerNorm", f"{layer}.output.dense.bias")


def export(weights, path, fused):
    graph = Graph(weights)
    value = embeddings(graph)
    for index in range(LAYERS):
        value = (fused_layer if fused else plain_layer)(graph, value, f"encoder.layer.{index}")
    graph.nodes.append(helper.make_node("Identity", [value], ["states"]))
    inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])]
    if fused:
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]))
    else:
        inputs.append(helper.make_tensor_value_info("bias", TensorProto.FLOAT, ["batch", 1, 1, "length"]))
    output = helper.make_tensor_value_info("states", TensorProto.FLOAT, ["batch", "length", WIDTH])
    body = helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.initialisers)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(body, opset_imports=opsets, ir_version=8), path)


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def embed(runner, tokenizer, texts, batch, fused):
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    order = sorted(range(len(texts)), key=lambda index: -len(encoded[index]))
    vectors = np.zeros((len(texts), WIDTH), np.float32)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        lengths = np.array([len(encoded[index]) for index in chosen], np.int32)
        ids = np.zeros((len(chosen), lengths.max()), np.int64)
        for row, index in enumerate(chosen):
            ids[row, : lengths[row]] = encoded[index]
        mask = np.arange(lengths.max())[None, :] < lengths[:, None]
        inputs = {"input_ids": ids}
        if fused:
            inputs["lengths"] = lengths
        else:
            inputs["bias"] = np.where(mask, 0.0, -1e9).astype(np.float32)[:, None, None, :]
        states = runner.run(None, inputs)[0]
        sums = (states * mask[:, :, None]).sum(axis=1)
        vectors[chosen] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return vectors


def main():
    model, cache = Path(sys.argv[1]), Path(sys.argv[2])
    request = json.load(sys.stdin)
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    weights = None
    results = []
    for fused in (False, True):
        path = cache / ("minilm-fused.onnx" if fused else "minilm-plain.onnx")
        if not path.exists():
            weights = weights or load_file(str(model / "model.safetensors"))
            fresh = path.with_suffix(".new")
            export(weights, fresh, fused)
            fresh.rename(path)
        runner = session(path)
        for number, texts in enumerate(request["texts"]):
            for batch in BATCHES:
                vectors = embed(runner, tokenizer, texts[: 2 * batch], batch, fused)
                seconds = []
                for _ in range(request["rounds"]):
                    start = time.process_time()
                    vectors = embed(runner, tokenizer, texts, batch, fused)
                    seconds.append(time.process_time() - start)
                results.append(
                    {
                        "set": number,
                        "form": "fused" if fused else "plain",
                        "batch": batch,
                        "texts_per_second": len(texts) / min(seconds),
                        "first": vectors[0].tolist(),
                    }
                )
    print(json.dumps({"version": onnxruntime.__version__, "results": results}))


main()
