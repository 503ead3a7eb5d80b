"""A DCGAN's two players: weights by `apply`, alternating steps, detach, logits loss, RMSprop and frozen parameters."""

import torch
import torch.nn as nn
from torch import optim

from tests.peers.ported.weights import numbers, set_weights

nz, ngf, ndf, nc = 5, 8, 8, 1


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Conv") != -1:
        nn.init.normal_(m.weight.data, 0.0, 0.02)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False), nn.BatchNorm2d(ngf * 2), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 2), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False))

    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)


def main():
    netG, netD = Generator().double(), Discriminator().double()
    netG.apply(weights_init)
    netD.apply(weights_init)
    set_weights(torch, netG)
    set_weights(torch, netD)
    criterion = nn.BCEWithLogitsLoss()
    optimizerD = optim.RMSprop(netD.parameters(), lr=1e-3, momentum=0.5)
    optimizerG = optim.RMSprop(netG.parameters(), lr=1e-3, centered=True)
    real, noise = torch.tensor(numbers(6, nc, 16, 16)), torch.tensor(numbers(6, nz, 1, 1))
    results = []
    for step in range(3):
        netD.zero_grad()
        label = torch.full((6,), 1.0, dtype=real.dtype, device=real.device)
        errD_real = criterion(netD(real), label)
        errD_real.backward()
        fake = netG(noise)
        label.fill_(0.0)
        output = netD(fake.detach())
        errD_fake = criterion(output, label)
        errD_fake.backward()
        optimizerD.step()

        netG.zero_grad()
        label.fill_(1.0)
        for p in netD.parameters():
            p.requires_grad_(False)
        errG = criterion(netD(fake), label)
        errG.backward()
        optimizerG.step()
        for p in netD.parameters():
            p.requires_grad = True
        results += [(errD_real + errD_fake).item(), errG.item(), output.mean().item(), fake.std().item()]
    with torch.no_grad():
        results.append(netG(noise).detach().cpu().numpy())
    return results
