"""An autoencoder with transposed convolutions, a loss of two terms, Adam, and a state that is saved and loaded."""

import copy

import torch
import torch.nn as nn

from tests.peers.ported.weights import numbers, set_weights


class Autoencoder(nn.Module):
    def __init__(self, latent=6):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 8, kernel_size=3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(8, 16, kernel_size=3, stride=2, padding=1, padding_mode="reflect"),
            nn.SiLU(),
            nn.Flatten(),
        )
        self.mean, self.log_var = nn.Linear(16 * 4 * 4, latent), nn.Linear(16 * 4 * 4, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 16 * 4 * 4),
            nn.Unflatten(1, (16, 4, 4)),
            nn.ConvTranspose2d(16, 8, kernel_size=3, stride=2, padding=1, output_padding=1),
            nn.ELU(),
            nn.ConvTranspose2d(8, 3, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x, noise):
        h = self.encoder(x)
        mean, log_var = self.mean(h), self.log_var(h)
        z = mean + torch.exp(0.5 * log_var) * noise
        return self.decoder(z), mean, log_var


def loss_function(output, target, mean, log_var):
    bce = nn.functional.binary_cross_entropy(output, target, reduction="sum")
    kld = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
    return bce + kld


def main():
    torch.set_default_dtype(torch.float64)
    try:
        model = Autoencoder()
        set_weights(torch, model)
        images, noise = torch.tensor(numbers(5, 3, 16, 16)).abs().clamp(0, 1), torch.tensor(numbers(5, 6))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.8, 0.99), amsgrad=True)
        results = []
        for step in range(4):
            optimizer.zero_grad()
            loss = loss_function(*[t for t in (lambda o: (o[0], images, o[1], o[2]))(model(images, noise))])
            loss.backward()
            optimizer.step()
            results.append(loss.detach().numpy())
        other = Autoencoder()
        missing, unexpected = other.load_state_dict(copy.deepcopy(model.state_dict()))
        assert not missing and not unexpected
        other.eval()
        results.append(other(images, noise)[0].detach().numpy())
        results.append(sum(p.numel() for p in other.parameters() if p.requires_grad))
        return results
    finally:
        torch.set_default_dtype(torch.float32)
