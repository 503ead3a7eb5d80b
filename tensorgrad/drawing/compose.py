"""From what was recorded and what is folded to boxes, frames and arrows."""

from __future__ import annotations

from tensorgrad.drawing.cost import cost_of
from tensorgrad.drawing.folding import Folding
from tensorgrad.drawing.footprint import BODY, WIDEST
from tensorgrad.drawing.groups import Group
from tensorgrad.drawing.measure import wrap
from tensorgrad.drawing.picture import Arrow, Box, Frame, Picture
from tensorgrad.drawing.record import Leaf, Operation, Output, Record
from tensorgrad.drawing.wording import count, gradient_text, option_texts, quantity, shorten, value_text

__all__ = ["compose"]

MOST_NAMES = 4  # names of ops listed in a folded layer
LONGEST_NAME, LONGEST_TITLE = 40, 60  # characters; tooltips have the whole
LONGEST_TOOLTIP = 200


def compose(record: Record, root: Group, folding: Folding, show_shapes: bool = True) -> Picture:
    """The picture of a record in which some groups are closed and some stretches folded."""
    return Composer(record, root, folding, show_shapes).picture


class Composer:
    """The steps of `compose`; `owner` is the box in which each operation is drawn."""

    def __init__(self, record: Record, root: Group, folding: Folding, show_shapes: bool):
        self.record, self.folding, self.show_shapes = record, folding, show_shapes
        self.picture = Picture()
        self.page = Frame("", None, -1.0)
        self.owner: dict[int, Box] = {}
        self.results: dict[Box, set[int]] = {}  # which operations' results leave a folded layer
        self.leaf_boxes: dict[Leaf, Box] = {}
        self.add_groups(root)
        self.add_arrows()
        self.add_leaves()
        self.add_outputs()
        self.finish()

    # -- operations and layers ----------------------------------------------------------------------------------------

    def add_groups(self, root: Group) -> None:
        """A frame per open group, a box per closed one and per operation."""
        stack: list[tuple[Group, Frame]] = [(root, self.page)]
        while stack:
            group, outer = stack.pop()
            path = group.path
            while not group.closed and group.times == 1 and len(group.children) == 1 and isinstance(
                    group.children[0], Group):
                group = group.children[0]
                path = group.path or path
            if group.closed:
                self.add_layer(group, outer)
                continue
            frame, caption = outer, ""
            if group.path or group.times > 1:
                if len(group.children) == 1 and self.is_bare(group):
                    caption = span(group)
                    self.folding.times.setdefault(group.children[0], group.times)  # type: ignore[arg-type]
                else:
                    title = span(group) or path or "repeated"
                    frame = Frame(shorten(title, LONGEST_TITLE), outer, group.start, path, group.times,
                                  depth=outer.depth + 1, tooltip=title)
                    self.picture.frames.append(frame)
            for child in group.children:
                if isinstance(child, int):
                    self.add_operation(child, frame, caption)
            stack += [(child, frame) for child in reversed(group.children) if isinstance(child, Group)]

    def is_bare(self, group: Group) -> bool:
        """True for a group of one operation without parameters of its own: its name fits into the operation's box."""
        (child,) = group.children
        return isinstance(child, int) and not any(
            isinstance(source, Leaf) and source.kind == "parameter" for source in self.record.operations[child].inputs)

    def add_operation(self, number: int, frame: Frame, caption: str) -> None:
        op = self.record.operations[number]
        box = Box("operation", op.name, number, frame, shorten(caption, LONGEST_NAME), option_texts(op.options),
                  value_text(op.shape, op.dtype) if self.show_shapes else "", op_tooltip(op),
                  self.folding.times.get(number, 1), cost=cost_of(op))
        if op.norm is not None:
            box.lines.append(gradient_text([op.norm]))
        box.cost *= box.times
        self.owner[number] = box
        self.picture.boxes.append(box)

    def add_layer(self, group: Group, outer: Frame) -> None:
        """One box for everything in a group."""
        inside = range(group.start, group.stop)
        ops = [self.record.operations[i] for i in inside]
        if len(ops) == 1 and not any(isinstance(source, Leaf) for source in ops[0].inputs):
            self.folding.times.setdefault(group.start, group.times)
            self.add_operation(group.start, outer, span(group))
            return
        name = "…" if group.elided else shorten(span(group), LONGEST_NAME)
        box = Box("layer", name, group.start, outer, times=group.times)
        names = list(dict.fromkeys(op.name for op in ops))
        if len(ops) == 1:
            box.caption, box.title = box.title, ops[0].name
            box.lines += wrap(option_texts(ops[0].options), BODY, WIDEST)
        elif len(ops) <= MOST_NAMES:
            box.lines.append(", ".join(op.name for op in ops))
        else:
            box.lines.append(count(len(ops), "operation"))
        inputs = dict.fromkeys(source for op in ops for source in op.inputs if isinstance(source, Leaf))
        leaves = [leaf for leaf in inputs if leaf.kind == "parameter"]
        if leaves:
            box.lines.append(f"{count(len(leaves), 'parameter')}, {quantity(sum(leaf.size for leaf in leaves))} numbers")
            norms = [leaf.norm for leaf in leaves]
            total = sum(norm * norm for norm in norms if norm is not None) ** 0.5
            box.lines.append(gradient_text([None if norm is None else total for norm in norms]))
        box.cost = sum(map(cost_of, ops)) * group.times
        box.tooltip = "\n".join([span(group) or "left out", *(f"{sum(op.name == name for op in ops)} × {name}"
                                                              for name in names)])
        for i in inside:
            self.owner[i] = box
        self.results[box] = set()
        self.picture.boxes.append(box)

    # -- arrows and leaves --------------------------------------------------------------------------------------------

    def add_arrows(self) -> None:
        """Between operations, as far as they are drawn, each once."""
        seen: set[tuple[Box, Box, int]] = set()
        for number, op in enumerate(self.record.operations):
            for position, source in enumerate(op.inputs):
                if not isinstance(source, int):
                    continue
                ends = self.folding.drawn_edge(source, number)
                if ends is None:
                    continue
                a, b = self.owner[ends[0]], self.owner[ends[1]]
                if a is b:
                    continue
                if a in self.results:
                    self.results[a].add(ends[0])
                # Into a layer one arrow is enough, and folded operations add nothing to the arrows of the drawn one.
                merged = b.kind == "layer" or ends != (source, number)
                if (a, b, position) not in seen and not (merged and (a, b, -1) in seen):
                    seen |= {(a, b, position), (a, b, -1)}
                    self.picture.arrows.append(Arrow(a, b, position))

    def add_leaves(self) -> None:
        """Leaves that are drawn alike share a box."""
        alike: dict[object, list[Leaf]] = {}
        for leaf in self.record.leaves:
            if leaf.uses:
                alike.setdefault(self.drawn_uses(leaf) if len(leaf.uses) == 1 else leaf, []).append(leaf)
        for leaves in alike.values():
            uses = self.drawn_uses(leaves[0])
            targets = list(dict.fromkeys(self.owner[op] for op, _ in uses))
            data = any(self.is_data(leaves[0], op, position) for op, position in uses)
            if data or len(targets) > 1 or targets[0].kind != "layer":
                self.add_leaf(leaves, uses, targets, data)

    def drawn_uses(self, leaf: Leaf) -> tuple[tuple[int, int], ...]:
        """Where it is read, as drawn."""
        return tuple(dict.fromkeys((self.folding.drawn(op), position) for op, position in leaf.uses))

    def add_leaf(self, leaves: list[Leaf], uses: tuple[tuple[int, int], ...], targets: list[Box], data: bool) -> None:
        """A box for leaves that are drawn alike; one that a single operation reads stands beside it."""
        leaf = leaves[0]
        enters = data and leaf.kind != "parameter" and any(begins(self.owner[op]) for op, _ in uses)
        frame = self.page if enters else common_frame(targets)
        value = value_text(leaf.shape, leaf.dtype)
        box = Box(leaf.kind, shorten(leaf_title(leaf, frame), LONGEST_NAME), min(box.order for box in targets) - 0.5, frame,
                  lines=[value] if self.show_shapes else [], times=len(leaves))
        if leaf.wants_grad:
            box.lines.append(gradient_text([leaf.norm for leaf in leaves]))
        box.tooltip = "\n".join([f"{leaf.kind} {leaf.name or '(without a name)'}", value, *box.lines[self.show_shapes:]])
        if len(targets) == 1 and not data and targets[0].kind == "operation":
            box.host = targets[0]
        self.picture.boxes.append(box)
        seen = set()
        for op, position in uses:
            target = self.owner[op]
            key = (target, -1 if target.kind == "layer" else position)
            if key not in seen:
                seen.add(key)
                self.picture.arrows.append(Arrow(box, target, position, leaf.wants_grad))
        self.leaf_boxes.update(dict.fromkeys(leaves, box))

    def is_data(self, leaf: Leaf, number: int, position: int) -> bool:
        """True for what the flow begins with: the first input of an operation that reads no other operation's result."""
        inputs = self.record.operations[number].inputs
        if any(isinstance(source, int) for source in inputs) or any(source is not None for source in inputs[:position]):
            return False
        alone = all(source is None or source is leaf for source in inputs)
        # In the middle of a layer, a constant beside a parameter belongs to the layer.
        return alone or leaf.kind != "parameter" and begins(self.owner[number])

    # -- outputs ------------------------------------------------------------------------------------------------------

    def add_outputs(self) -> None:
        """The tensors that were asked for, at the end."""
        many = len(self.record.outputs) > 1
        for i, output in enumerate(self.record.outputs):
            source = output.source
            if isinstance(source, int):
                number = self.folding.drawn(source)
                start = self.owner[number]
                if start in self.results:
                    self.results[start].add(number)
            elif source in self.leaf_boxes:
                start = self.leaf_boxes[source]
                start.host = None
            else:
                self.add_hint(output, i)
                continue
            value = value_text(output.shape, output.dtype)
            name = output.name or (f"output {i}" if many else "output")
            box = Box("output", shorten(name, LONGEST_NAME), len(self.record.operations) + i, self.page,
                      lines=[value] if self.show_shapes else [])
            if output.value:
                box.lines.append(f"= {output.value}")
            box.tooltip = "\n".join([name, value, *box.lines[self.show_shapes:]])
            self.picture.boxes.append(box)
            self.picture.arrows.append(Arrow(start, box, 0))

    def add_hint(self, output: Output, i: int) -> None:
        """A box that says why nothing is drawn behind an output."""
        leaf = output.source
        kind = "constant" if leaf is None else leaf.kind
        box = Box(kind, shorten(output.name or kind, LONGEST_NAME), len(self.record.operations) + i, self.page,
                  lines=[value_text(output.shape, output.dtype)])
        if leaf is None:
            box.lines += ["a constant: no operation was recorded", "set requires_grad=True on what it is computed from,",
                          "and compute it outside no_grad()"]
        else:
            box.lines += [gradient_text([leaf.norm]), "a leaf: no operation made it"]
        box.tooltip = "\n".join([output.name or kind, *box.lines])
        self.picture.boxes.append(box)

    def finish(self) -> None:
        """What leaves folded layers, numbers and counts."""
        for box, numbers in self.results.items():
            if len(numbers) == 1:
                op = self.record.operations[next(iter(numbers))]
                box.result = value_text(op.shape, op.dtype) if self.show_shapes else ""
            elif numbers and self.show_shapes:
                box.result = count(len(numbers), "result")
        picture = self.picture
        picture.boxes.sort(key=lambda box: box.order)
        for i, box in enumerate(picture.boxes):
            box.number = i
        for i, frame in enumerate(picture.frames):
            frame.number = i
        kinds = [leaf.kind for leaf in self.record.leaves]
        picture.counts = {
            "operations": len(self.record.operations), "parameters": kinds.count("parameter"),
            "numbers": sum(leaf.size for leaf in self.record.leaves if leaf.kind == "parameter"),
            "tensors": kinds.count("tensor"), "constants": kinds.count("constant")}


def span(group: Group) -> str:
    """``layer1.0``, or ``layer1.0 … layer1.2`` for a folded stretch."""
    return group.path if group.last in ("", group.path) else f"{group.path} … {group.last}"


def leaf_title(leaf: Leaf, frame: Frame) -> str:
    """The name, without the path that the frame around it says already."""
    if not leaf.name:
        return leaf.kind
    prefix = frame.path + "."
    return leaf.name[len(prefix):] if frame.path and leaf.name.startswith(prefix) else leaf.name


def begins(box: Box) -> bool:
    """True for the first box in every frame around it, and for folded layers, whatever is in front of them."""
    frame = box.frame
    while box.kind == "operation" and frame.parent is not None:
        if frame.order != box.order:
            return False
        frame = frame.parent
    return True


def common_frame(boxes: list[Box]) -> Frame:
    """The innermost frame around all of them."""
    around = boxes[0].frame
    for box in boxes[1:]:
        other = box.frame
        while around is not other:
            if around.depth >= other.depth and around.parent is not None:
                around = around.parent
            else:
                assert other.parent is not None
                other = other.parent
    return around


def op_tooltip(op: Operation) -> str:
    inputs = [str(tuple(shape)) if isinstance(source, (int, Leaf)) else "a number"
              for source, shape in zip(op.inputs, op.input_shapes)]
    where = [f"in {op.scope}"] if op.scope else []
    return "\n".join([shorten(op.label, LONGEST_TOOLTIP), *where, f"{', '.join(inputs)} → {value_text(op.shape, op.dtype)}"])
