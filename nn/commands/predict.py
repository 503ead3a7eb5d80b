"""`tensorgrad predict`: what a trained model sees in pictures."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import numpy as np

from nn.commands.images import prepare, read_image
from nn.commands.run_folder import RunFolder
from nn.commands.trained import Trained
from tensorgrad.errors import DataError

HELP = "classify image files with a trained model"
DESCRIPTION = """\
Print the three most probable classes of each picture, as the model of a run sees it.

Pictures may be PNG, JPEG and so on (with the extra [plot]) or arrays in .npy files (always): bytes from 0 to 255, or
floats from 0 to 1.  They are made grey, inverted, cropped and resized to what the model was trained on; what was done is
printed."""
EXAMPLES = """\
examples:
  tensorgrad predict runs/digits-lenet5-20250101-120000 seven.png
  tensorgrad predict shop *.png --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `tensorgrad predict`."""
    parser.add_argument("run_folder", metavar="RUN", help="folder of a run")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="picture or .npy file")
    parser.add_argument("--json", action="store_true", help="print a list of JSON objects, one per picture")


def run(arguments: argparse.Namespace) -> int:
    """Read, convert, classify and print; exit code 2 if one of the pictures could not be read."""
    trained = Trained.load(RunFolder.open(arguments.run_folder))
    answers: list[dict[str, Any]] = []
    for path in arguments.images:
        try:
            answers.append(answer(trained, path))
        except DataError as error:
            answers.append({"image": path, "error": str(error)})
            print(f"tensorgrad: {error}", file=sys.stderr)
        else:
            if not arguments.json:
                print(as_text(answers[-1]))
    if arguments.json:
        print(json.dumps(answers, indent=2, ensure_ascii=False))
    return 2 if any("error" in answer for answer in answers) else 0


def answer(trained: Trained, path: str) -> dict[str, Any]:
    """The three most probable classes of the picture in a file."""
    image = read_image(path)
    height, width = image.shape[:2]
    pixels, done = prepare(image, trained.target)
    probabilities = trained.probabilities(pixels[None])[0]
    best = np.argsort(-probabilities, kind="stable")[:3]
    return {"image": path, "size": [height, width], "prepared": done,
            "predictions": [{"class": trained.classes[i], "index": int(i), "probability": float(probabilities[i])}
                            for i in best]}


def as_text(answer: dict[str, Any]) -> str:
    """A few lines for one picture."""
    height, width = answer["size"]
    first = f"{answer['image']}  {height} × {width}" + "".join(f", {words}" for words in answer["prepared"])
    guesses = [(guess["class"], guess["probability"]) for guess in answer["predictions"]]
    width = max(len(name) for name, _ in guesses)
    bars = ["█" * round(30 * probability) for _, probability in guesses]
    return "\n".join([first, *(f"    {name:<{width}}  {probability:7.2%}  {bar}".rstrip()
                               for (name, probability), bar in zip(guesses, bars))])
