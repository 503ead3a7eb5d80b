"""A small U-Net: skip connections by cat, upsampling, per-pixel cross-entropy with weights and an ignored class, dice."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import AdamW, lr_scheduler

from tests.peers.ported.weights import numbers, set_weights


class DoubleConv(nn.Sequential):
    def __init__(self, ins, outs):
        super().__init__(nn.Conv2d(ins, outs, 3, padding="same"), nn.GroupNorm(2, outs), nn.GELU(),
                         nn.Conv2d(outs, outs, 3, padding="same"), nn.InstanceNorm2d(outs, affine=True), nn.PReLU(outs))


class UNet(nn.Module):
    def __init__(self, n_channels, n_classes, bilinear):
        super().__init__()
        self.inc = DoubleConv(n_channels, 8)
        self.down = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), DoubleConv(8, 16))
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.reduce = nn.Conv2d(16, 8, 1)
        else:
            self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
            self.reduce = nn.Identity()
        self.conv = DoubleConv(16, 8)
        self.outc = nn.Conv2d(8, n_classes, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.reduce(self.up(self.down(x1)))
        dy, dx = x1.size()[2] - x2.size()[2], x1.size(3) - x2.size(3)
        x2 = F.pad(x2, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])
        return self.outc(self.conv(torch.cat([x1, x2], dim=1)))


def dice(probabilities, target, n_classes):
    one_hot = F.one_hot(target.clamp(min=0), n_classes).permute(0, 3, 1, 2).to(probabilities.dtype)
    intersection = (probabilities * one_hot).sum(dim=(-1, -2))
    union = probabilities.sum(dim=(-1, -2)) + one_hot.sum(dim=(-1, -2))
    return 1 - ((2 * intersection + 1e-6) / (union + 1e-6)).mean()


def main():
    results = []
    for bilinear in (True, False):
        model = UNet(3, 4, bilinear).double()
        set_weights(torch, model)
        images = torch.as_tensor(numbers(2, 3, 11, 13))
        target = (torch.arange(2 * 11 * 13).reshape(2, 11, 13) * 7) % 4
        target[0, :2] = -100
        criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5, 1.5], dtype=torch.float64), ignore_index=-100)
        optimizer = AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
        scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.02, total_steps=6)
        for step in range(4):
            logits = model(images)
            loss = criterion(logits, target) + dice(F.softmax(logits, dim=1), target, 4)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_value_(model.parameters(), 0.5)
            optimizer.step()
            scheduler.step()
            results.append(loss.item())
        results.append(model(images).argmax(1).tolist())
        results.append([p.grad.norm().item() for p in model.parameters() if p.grad is not None])
    return results
