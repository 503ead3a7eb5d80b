"""Transfer learning: features frozen, a new head, a hook that looks inside, a schedule that follows a metric."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, Dataset, Subset

from tests.peers.ported.weights import numbers, set_weights


class Shapes(Dataset):
    def __init__(self, count, transform=None):
        self.images, self.transform = numbers(count, 3, 8, 8), transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = torch.from_numpy(self.images[index])
        return (self.transform(image) if self.transform else image), index % 3


class SEBlock(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, channels // reduction, 1), nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        s = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.fc2(F.hardswish(self.fc1(s))))


class Backbone(nn.Module):
    def __init__(self, num_classes=5):
        super().__init__()
        self.features = nn.Sequential(OrderedDict([
            ("stem", nn.Conv2d(3, 8, 3, stride=2, padding=1)), ("act", nn.ReLU6()),
            ("depthwise", nn.Conv2d(8, 8, 3, padding=1, groups=8)), ("norm", nn.BatchNorm2d(8, momentum=0.2)),
            ("se", SEBlock(8)), ("pointwise", nn.Conv2d(8, 16, 1)), ("mish", nn.Mish()), ("pool", nn.AvgPool2d(2)),
        ]))
        head = nn.Linear(16 * 2 * 2, num_classes, device=torch.device("cpu"))
        self.classifier = nn.ModuleDict({"drop": nn.Dropout(p=0.5), "fc": head})

    def forward(self, x):
        x = torch.flatten(self.features(x), start_dim=1)
        return self.classifier["fc"](self.classifier["drop"](x))


def main():
    pretrained, model = Backbone().double(), Backbone(num_classes=3).double()
    set_weights(torch, pretrained)
    set_weights(torch, model)
    state = {k: v for k, v in pretrained.state_dict().items() if not k.startswith("classifier")}
    incompatible = model.load_state_dict(state, strict=False)
    for param in model.features.parameters():
        param.requires_grad = False
    seen = {}
    handle = model.features.se.register_forward_hook(lambda module, args, output: seen.update(se=output.detach().mean()))

    dataset = Shapes(24, transform=lambda image: (image - 0.1) / 0.5)
    train_loader = DataLoader(Subset(dataset, range(18)), batch_size=6, shuffle=False, drop_last=True)
    val_loader = DataLoader(Subset(dataset, range(18, 24)), batch_size=4)
    optimizer = optim.Adagrad(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1, lr_decay=0.01)
    scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=0)
    results, best, best_state = sorted(incompatible.missing_keys), float("inf"), None
    for epoch in range(4):
        model.eval()  # frozen statistics and no dropout
        for images, labels in train_loader:
            optimizer.zero_grad()
            l1 = sum(p.abs().sum() for p in model.classifier.parameters())
            loss = F.multi_margin_loss(model(images), labels) + 0.01 * l1
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            val_loss = torch.stack([F.cross_entropy(model(x), y, reduction="sum") for x, y in val_loader]).sum().div(6)
        scheduler.step(val_loss)
        results += [loss.item(), val_loss.item(), optimizer.param_groups[0]["lr"], seen["se"].item()]
        if val_loss < best:
            best, best_state = val_loss.item(), {k: v.clone() for k, v in model.state_dict().items()}
    handle.remove()
    model.load_state_dict(best_state)
    logits = torch.cat([model(x) for x, _ in val_loader])
    values, indices = logits.topk(2, dim=1)
    return results + [best, values.detach().numpy(), indices.numpy(), model.features.stem.weight.grad is None]
