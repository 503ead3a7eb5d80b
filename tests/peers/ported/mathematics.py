"""Autograd beyond training: a custom Function, gradient penalties, Hessians, scatter and gather."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import Function
from torch.autograd.functional import hessian, jacobian

from tests.peers.ported.weights import numbers, set_weights


class StraightThrough(Function):
    @staticmethod
    def forward(ctx, input, bound):
        ctx.save_for_backward(input)
        ctx.bound = bound
        return input.sign()

    @staticmethod
    def backward(ctx, grad_output):
        input, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input.abs() > ctx.bound] = 0
        return grad_input, None


def gradient_penalty(critic, real, fake):
    alpha = torch.tensor(numbers(real.size(0), 1, 1, 1)).abs()
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(mixed)
    gradients = torch.autograd.grad(outputs=scores, inputs=mixed, grad_outputs=torch.ones_like(scores), create_graph=True,
                                    retain_graph=True, only_inputs=True)[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


def main():
    results = []
    x = torch.tensor(numbers(3, 4), requires_grad=True)
    y = StraightThrough.apply(x * 2, 1.0)
    (y * torch.arange(12, dtype=torch.float64).reshape(3, 4)).sum().backward()
    results.append(x.grad.numpy().copy())

    critic = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Softplus(), nn.Flatten(), nn.Linear(4 * 5 * 5, 1)).double()
    set_weights(torch, critic)
    penalty = gradient_penalty(critic, torch.tensor(numbers(3, 2, 5, 5)), torch.tensor(numbers(3, 2, 5, 5) ** 2))
    penalty.backward()
    results += [penalty.item()] + [p.grad.numpy() for p in critic.parameters() if p.grad is not None]

    w = torch.tensor(numbers(4))
    results.append(hessian(lambda w: (w.exp() * w.roll(1)).sum() / w.norm(), w).numpy())
    results.append(jacobian(lambda w: torch.outer(w, w).tril().sum(0) ** 3, w).numpy())

    a = torch.tensor(numbers(5, 6), requires_grad=True)
    b = torch.cat([a[:, :2], a[:, 2:4] * 3, a[:, 4:]], dim=1)
    b = b.masked_fill(b > 0.5, 0.25).index_add(0, torch.tensor([0, 2]), a[[1, 3]].flip(0))
    b = b.clamp(min=-0.8).mul(2)
    loss = torch.where(b > 0, b, 0.1 * b).t().contiguous().view(-1)[::2].pow(2).mean() + b.max(dim=1).values.sum()
    loss += torch.einsum("ij,kj->ik", b, a).diagonal().sum() + F.cosine_similarity(a[:2], b[2:4], dim=-1).sum()
    loss += torch.logsumexp(b, dim=(0, 1)) + a.std(unbiased=False) + a.var(0).sum()
    loss += a.sort(dim=1, descending=True)[0][:, 0].sum()
    loss.backward()
    results += [loss.item(), a.grad.numpy()]

    scores = torch.tensor(numbers(4, 5), requires_grad=True)
    index = torch.tensor([[0, 1], [2, 2], [4, 0], [1, 3]])
    picked = scores.gather(1, index).log_softmax(dim=-1)
    total = torch.zeros(4, 5, dtype=torch.float64).scatter_add(1, index, picked).masked_fill(scores < 0, -1.0)
    total.unsqueeze(0).expand(2, -1, -1).permute(1, 2, 0).sum((0, 2)).prod().backward()
    results.append(scores.grad.tolist())
    return results
